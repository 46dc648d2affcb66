import { z } from 'zod';

/** The gateway refused a request and said why. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status. */
  readonly status: number;
  /** Stable code for programs, e.g. `job.not_found`. */
  readonly kind: string;

  constructor(status: number, refusal: { readonly kind: string; readonly message: string }) {
    super(refusal.message);
    this.status = status;
    this.kind = refusal.kind;
  }
}

/**
 * No answer: nothing listens at the address, the network is down, or the answer took too long.
 * Whether a request took effect is unknown.
 */
export class GatewayUnreachable extends Error {
  override readonly name = 'GatewayUnreachable';

  constructor(url: string, cause: unknown) {
    super(
      `cannot reach the gateway at ${url} (${explain(cause)}); ` +
        'run `npm start` to start one here, or set CORTEX_URL to the address of yours',
      { cause },
    );
  }
}

/** Something answered, but not in the way of a gateway of this version: most often a wrong address. */
export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer';
}

/** The configured address cannot be one of a gateway. Nothing was sent. */
export class InvalidGatewayUrl extends Error {
  override readonly name = 'InvalidGatewayUrl';

  constructor(url: string) {
    super(`"${url}" is not the address of a gateway; give one like http://localhost:8888`);
  }
}

const failureSchema = z.object({
  name: z.string(),
  message: z.string(),
  cause: z.unknown().optional(),
  /** Of an `AggregateError`: one for each address that was tried. */
  errors: z.array(z.unknown()).default([]),
});

/** `fetch` says only "fetch failed"; the reason a person needs is its innermost cause. */
function explain(error: unknown): string {
  const { success, data } = failureSchema.safeParse(error);
  if (!success) return String(error);
  if (data.name === 'TimeoutError') return 'no answer in time';
  const inner = data.errors[0] ?? data.cause;
  return inner === undefined ? data.message : explain(inner);
}
