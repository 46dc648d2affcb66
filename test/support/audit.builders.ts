import type { Checkpoint, LogCheckpointed } from '#libs/domain/audit/audit.events.ts';

export const aCheckpoint = (data: Partial<Checkpoint> = {}): LogCheckpointed => ({
  type: 'LogCheckpointed',
  data: {
    firstPosition: 1,
    position: 5,
    eventCount: 5,
    sha256: 'ab'.repeat(32),
    previousSha256: null,
    ...data,
  },
});
