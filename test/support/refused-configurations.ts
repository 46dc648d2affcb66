import { readApiSpecs } from '../../services/gateway/deploy-apis/read-api-specs.ts';
import { RequestRefused } from '../../services/gateway/request-refused.ts';

export const LOCAL = { isJson: true, compute: 'local' } as const;
export const KUBERNETES = { isJson: true, compute: 'kubernetes' } as const;

/** As `cortex deploy` has them read, for local compute. */
export const readConfigurations = (...configurations: readonly unknown[]) =>
  readApiSpecs(Buffer.from(JSON.stringify(configurations)), LOCAL);

/** What `readIt` is refused with. @throws Error when it is not */
export function refusalOf(readIt: () => unknown): string {
  try {
    readIt();
  } catch (error) {
    if (error instanceof RequestRefused) return error.message;
    throw error;
  }
  throw new Error('was not refused');
}
