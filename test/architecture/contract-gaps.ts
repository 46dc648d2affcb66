import { posix } from 'node:path';
import type { SourceFile } from './tidy-rules.ts';

/**
 * Ports without a contract suite, and adapters (subfolders of a port's folder with a class that
 * implements it) without a spec that calls the suite.
 */
export function findContractGaps(files: readonly SourceFile[]): readonly string[] {
  return files
    .filter(({ path }) => /^libs\/.*\.port\.ts$/.test(path))
    .flatMap((port) => {
      const contractPath = port.path.replace('.port.ts', '.contract.ts');
      const contract = files.find(({ path }) => path === contractPath);
      if (contract === undefined) return [`${port.path} has no ${posix.basename(contractPath)}`];
      return uncheckedAdapters(port, contract, files);
    });
}

function uncheckedAdapters(
  port: SourceFile,
  contract: SourceFile,
  files: readonly SourceFile[],
): readonly string[] {
  const [, suite = '?'] = /export function (\w+)/.exec(contract.text) ?? [];
  const interfaces = [...port.text.matchAll(/export interface (\w+)/g)].map(([, name]) => name);
  const implementsPort = new RegExp(`\\bimplements\\b[^{]*\\b(${interfaces.join('|')})\\b`);
  const below = files.filter(({ path }) => path.startsWith(`${posix.dirname(port.path)}/`));
  const folders = new Set(
    below
      .filter(({ path, text }) => !path.endsWith('.spec.ts') && implementsPort.test(text))
      .map(({ path }) => posix.dirname(path))
      .filter((folder) => folder !== posix.dirname(port.path)),
  );
  return [...folders]
    .filter((folder) => !below.some((file) => callsSuite(file, folder, suite)))
    .map((folder) => `${folder} has no spec that calls ${suite}`);
}

const callsSuite = ({ path, text }: SourceFile, folder: string, suite: string): boolean =>
  posix.dirname(path) === folder && path.endsWith('.spec.ts') && text.includes(`${suite}(`);
