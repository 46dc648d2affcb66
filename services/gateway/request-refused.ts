/** What is wrong with a request, as it is answered. */
export interface Problem {
  readonly status: number;
  /** Stable; for programs. */
  readonly kind: string;
  /** What is wrong and where; for people. */
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The request cannot be served as it is, and the sender can do something about it. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';

  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}

/** 400: something in the request is not as it has to be. */
export const badRequest = (kind: string, message: string): RequestRefused =>
  new RequestRefused({ status: 400, kind, message });

export const notFound = (kind: string, message: string): RequestRefused =>
  new RequestRefused({ status: 404, kind, message });
