import { SQSServiceException } from '@aws-sdk/client-sqs';
import { Rejection } from '#libs/domain/kernel/errors.ts';
import { BatchQueueUnavailable } from '../batch-queue.port.ts';

const DENIED =
  /^(AccessDenied|AuthFailure|KmsAccessDenied|KMS[.]AccessDenied|UnrecognizedClient|InvalidClientTokenId|InvalidSecurity)/;
/** `ThrottlingException`, `RequestThrottled`, `KmsThrottled`, `TooManyRequestsException`, … */
const THROTTLED = /throttl|^TooManyRequests|^RequestLimitExceeded|^SlowDown/i;

/** An error's code by its new name, whether the server gave that or the one of the older protocol. */
export const codeOf = (error: unknown): string =>
  error instanceof Error ? error.name.replace(/^AWS[.]SimpleQueueService[.]/, '') : '';

export const isQueueMissing = (error: unknown): boolean =>
  ['QueueDoesNotExist', 'NonExistentQueue'].includes(codeOf(error));

/** There is one of that name with other settings. */
export const isNameTaken = (error: unknown): boolean =>
  ['QueueNameExists', 'QueueAlreadyExists'].includes(codeOf(error));

export const isDeletedRecently = (error: unknown): boolean =>
  codeOf(error) === 'QueueDeletedRecently';

export const isDenied = (error: unknown): boolean => DENIED.test(codeOf(error));

/** SQS has looked at the request and will say the same again: it was not busy, broken or out of reach. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof SQSServiceException) || isThrottle(codeOf(error))) return false;
  const status = error.$metadata.httpStatusCode ?? 0;
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

/** @param code of an error or of a failed entry */
export const isThrottle = (code: string): boolean => THROTTLED.test(code);

/** Runs `work`, and turns what it throws into the port's error; `Rejection`s pass. */
export async function translated<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Rejection || error instanceof BatchQueueUnavailable) throw error;
    const detail = error instanceof Error ? `: ${error.name}: ${error.message}` : '';
    throw new BatchQueueUnavailable(`cannot ${what}${detail}`, { cause: error });
  }
}
