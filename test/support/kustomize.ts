import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');

/**
 * Builds a folder of manifests, with the kubectl or kustomize of this machine or one that is installed first.
 *
 * @param folder relative to the checkout
 * @returns documents of YAML
 * @throws Error when kustomize refuses the folder, or there is none
 */
export async function kustomizeBuild(folder: string): Promise<string> {
  const { ensureKustomize } = (await import(join(root, 'scripts/setup/kustomize.mjs'))) as {
    readonly ensureKustomize: (checkout: string) => Promise<readonly string[]>;
  };
  const [program = '', ...args] = await ensureKustomize(root);
  const { stdout } = await promisify(execFile)(program, [...args, join(root, folder)]);
  return stdout;
}
