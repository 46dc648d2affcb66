import { Rejection } from '../kernel/errors.ts';

export class JobNotFound extends Rejection {
  readonly code = 'job.not_found';
}

export class JobHasEnded extends Rejection {
  readonly code = 'job.has_ended';
}

/** A job may finish only when every batch of it is settled. */
export class JobIsUnsettled extends Rejection {
  readonly code = 'job.is_unsettled';
}
