import { basename, dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { type Cli, commonOptions, examples } from '../cli.ts';
import { onOneLine } from '../json-text.ts';
import { readInputFile } from '../read-file.ts';
import { archiveCode, formatSize } from './code-archive.ts';
import { listCodeFiles } from './code-files.ts';
import { checkHandlerFiles, namesCodeIn, readCodeReferences } from './code-references.ts';

interface DeployOptions {
  /** `undefined` decides by the configuration. */
  readonly code?: boolean;
}

export function addDeployCommand(program: Command, cli: Cli): void {
  program
    .command('deploy')
    .description("Deploy the APIs of a configuration file, with the code in the file's folder.")
    .argument('[file]', 'the configuration', 'cortex.yaml')
    .option('--code', "send the file's folder, whatever the configuration says")
    .option('--no-code', 'send the configuration only')
    .addHelpText(
      'after',
      `
The folder is sent when the configuration has a handler.path, or when a command or its arguments
name something in it. node_modules, .git, .cortex, __pycache__ and what .cortexignore lists (in the
syntax of .gitignore) stay out; the archive may have 32 MiB.
${examples('cortex deploy', 'cortex deploy examples/vega-summary/cortex.yaml', 'cortex deploy api.yaml --no-code')}`,
    )
    .action((file: string, options: DeployOptions, command: Command) =>
      deploy(cli, command, { file, ...options }),
    );
}

async function deploy(
  cli: Cli,
  command: Command,
  { file, code }: DeployOptions & { readonly file: string },
): Promise<void> {
  const { url, output } = commonOptions(command);
  const client = cli.connect(url);
  const config = await readInputFile(file);
  const archive = code === false ? null : await packCode(cli, { file, config, isForced: code });
  const { value, json } = await client.deployApis({
    config,
    fileName: basename(file),
    code: archive,
  });
  if (output === 'json') return cli.terminal.print(onOneLine(json));
  for (const { message } of value) cli.terminal.print(message);
}

interface CodeSource {
  readonly file: string;
  readonly config: Uint8Array;
  readonly isForced: boolean | undefined;
}

async function packCode(
  cli: Cli,
  { file, config, isForced }: CodeSource,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const folder = dirname(resolve(file));
  const references = readCodeReferences(new TextDecoder().decode(config));
  const isNeeded = isForced ?? namesCodeIn(folder, references);
  if (!isNeeded) return null;
  const files = await listCodeFiles(folder, { leftOut: [basename(file)] });
  checkHandlerFiles(references, files, { folder, configFile: file });
  const archive = await archiveCode(folder, files);
  const noun = files.length === 1 ? 'file' : 'files';
  cli.terminal.note(`sending ${files.length} ${noun} of ${folder} (${formatSize(archive.length)})`);
  return archive;
}
