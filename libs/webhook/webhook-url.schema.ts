import { z } from 'zod';

const LENGTH_MAX = 2048;

/** Where a webhook is sent. Whether its host may be reached is seen when it is sent. */
export const webhookUrl = z
  .string()
  .max(LENGTH_MAX)
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), {
    error: ({ input }) => `must be a URL with https or http (got "${String(input)}")`,
    abort: true,
  })
  .refine((text) => hasNoPassword(URL.parse(text)), {
    error: 'must not have a user or password: everyone who reads the API sees it',
  });

const hasNoPassword = (url: URL | null): boolean => url?.username === '' && url.password === '';

/** What is to be told where; the same in an API's configuration and in a submission. */
export const webhooksFields = {
  on_complete: z.strictObject({ url: webhookUrl }).describe('Told once a job has ended'),
};
