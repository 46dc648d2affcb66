import { z } from 'zod';

/** Of a secret as Standard Webhooks writes it: `whsec_` and 24 to 64 bytes in base64. */
const SECRET = /^whsec_[A-Za-z0-9+/]+={0,2}$/;
const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 64;

function isSecret(text: string): boolean {
  if (!SECRET.test(text)) return false;
  const { length } = Buffer.from(text.slice('whsec_'.length), 'base64');
  return length >= SECRET_BYTES_MIN && length <= SECRET_BYTES_MAX;
}

/** Of the services that have to do with webhooks; all of one installation are given the same. */
export const webhookEnv = {
  WEBHOOK_SECRET: z
    .string()
    .transform((text) => text.split(/\s+/).filter(Boolean))
    .refine((secrets) => secrets.every(isSecret), {
      error:
        'must be whsec_ and 24 to 64 bytes in base64, e.g. of: echo whsec_$(openssl rand -base64 32); several are separated by spaces',
    })
    .prefault('')
    .describe('Signs webhooks; while it is changed, the new one and the old one'),
};
