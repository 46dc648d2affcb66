import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { addExportCommand } from './export.ts';
import { addImportCommand } from './import.ts';
import { addVerifyCommand } from './verify.ts';

export function addAuditCommand(program: Command, cli: Cli): void {
  const audit = program
    .command('audit')
    .description(
      'Take the log out, verify that nothing in it was changed, and look at it elsewhere.',
    );
  addExportCommand(audit, cli);
  addVerifyCommand(audit, cli);
  addImportCommand(audit, cli);
}
