import { S3ServiceException } from '@aws-sdk/client-s3';
import { InputFileRefused, InputFilesUnavailable, type InputProblem } from '../input-files.port.ts';

/** What was asked for: a file's content when there is a key, the list of a bucket's files otherwise. */
export interface S3Target {
  readonly bucket: string;
  readonly key: string | null;
}

export const pathOf = ({ bucket, key }: S3Target): string => `s3://${bucket}/${key ?? ''}`;

/** The port's error for what the SDK threw, once it has repeated what may be repeated. */
export function s3Error(cause: unknown, target: S3Target): Error {
  const error = cause instanceof Error ? cause : new Error(String(cause));
  if (error instanceof InputFileRefused || error instanceof InputFilesUnavailable) return error;
  if (isAboutCredentials(error)) {
    const what = `cannot be read without AWS credentials: ${error.message}; ${NEEDS_CREDENTIALS}`;
    return refused('aws.credentials_missing', target, what);
  }
  if (!(error instanceof S3ServiceException) || isTransient(error))
    return unavailable(error, target);
  return refusal(error, target);
}

export const fileChanged = (target: S3Target): InputFileRefused =>
  refused('aws.file_changed', target, 'changed after it was listed; submit the job again');

const NEEDS_CREDENTIALS =
  'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run where a role gives them';

const refused = (code: InputProblem, target: S3Target, what: string): InputFileRefused =>
  new InputFileRefused(code, `${pathOf(target)} ${what}`);

/**
 * Of the SDK's providers, which export no class of their errors, or of the services that they ask
 * for credentials, such as a role that may not be assumed.
 */
const isAboutCredentials = (error: Error): boolean =>
  error.name === 'CredentialsProviderError' ||
  error.name === 'TokenProviderError' ||
  (!(error instanceof S3ServiceException) &&
    '$fault' in error &&
    error.$fault === 'client' &&
    !isThrottled(error));

/** S3 answers a connection that was too slow with 400 RequestTimeout. */
const isThrottled = ({ name }: Error): boolean => /throttl|slowdown|timeout|toomany/i.test(name);

function isTransient(error: S3ServiceException): boolean {
  const status = error.$metadata.httpStatusCode ?? 0;
  return status < 300 || status >= 500 || status === 429 || isThrottled(error);
}

function unavailable(cause: Error, target: S3Target): InputFilesUnavailable {
  const attempts = cause instanceof S3ServiceException ? cause.$metadata.attempts : undefined;
  const often = attempts === undefined ? '' : ` (tried ${attempts} times)`;
  const hint = /ENOTFOUND|EAI_AGAIN/.test(cause.message)
    ? '; a store that takes no bucket in its host name needs S3_FORCE_PATH_STYLE=true'
    : '';
  return new InputFilesUnavailable(
    `${pathOf(target)} cannot be read now: ${cause.name}: ${cause.message}${often}${hint}`,
    { cause },
  );
}

function refusal(error: S3ServiceException, target: S3Target): InputFileRefused {
  const status = error.$metadata.httpStatusCode ?? 0;
  const isBucket = target.key === null;
  const said = `${error.name}: ${error.message}`;
  if (error.name === 'NoSuchBucket' || (status === 404 && isBucket))
    return refused('aws.bucket_not_found', { ...target, key: null }, 'is no bucket');
  if (status === 404) return refused('aws.file_not_found', target, 'does not exist');
  if (status === 412 || status === 416) return fileChanged(target);
  if (error.name === 'InvalidObjectState')
    return refused('aws.file_inaccessible', target, 'is archived; restore it first');
  if ((status === 401 || status === 403) && !IS_ABOUT_SIGNATURE.test(error.name))
    return isBucket
      ? refused('aws.bucket_inaccessible', target, `may not be listed: ${said}; ${LIST_NEEDS}`)
      : refused('aws.file_inaccessible', target, `may not be read: ${said}; ${READ_NEEDS}`);
  return refused('aws.request_refused', target, `cannot be read: ${status} ${said}`);
}

/** Refused before anybody looked at permissions: wrong, expired or unknown credentials, a wrong clock. */
const IS_ABOUT_SIGNATURE = /AccessKey|Signature|Token|TimeTooSkewed|RequestExpired|Account/;

const LIST_NEEDS = 'the credentials need s3:ListBucket on the bucket';
const READ_NEEDS =
  'the credentials need s3:GetObject on the file, and s3:ListBucket on the bucket to tell a missing file';
