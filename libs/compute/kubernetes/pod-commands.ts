import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Runners } from '../runners.ts';
import type { PodCommands } from './pod-settings.ts';

/**
 * The commands of our containers. The image of the workers is that of the scheduler, so what they
 * run is where the scheduler's own is.
 *
 * @param services folder of the services, as a URL with a trailing slash
 */
export function podCommandsIn(
  services: URL,
  worker: { readonly command: readonly string[]; readonly runners: Runners },
): PodCommands {
  const fetchCode = (['js', 'ts'] as const)
    .map((extension) => fileURLToPath(new URL(`worker/fetch-code/main.${extension}`, services)))
    .find((file) => existsSync(file));
  return {
    worker: worker.command,
    fetchCode: [...worker.command.slice(0, -1), fetchCode ?? ''],
    runners: worker.runners,
  };
}
