import { z } from 'zod';

/** What workers can run on. */
export type ComputeKind = z.infer<typeof computeEnv.COMPUTE>;

/** Of the services that know what workers run on; all of one installation are given the same. */
export const computeEnv = {
  COMPUTE: z
    .enum(['local', 'kubernetes'])
    .default('local')
    .describe('What workers run on: processes of this machine, or pods of a Kubernetes cluster'),
};
