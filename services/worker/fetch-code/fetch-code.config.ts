import { z } from 'zod';
import { loadConfig, platformEnv } from '#libs/platform/config.ts';

export const fetchCodeEnv = z.object({
  ...platformEnv,
  CODE_KEY: z.string().min(1).describe('Object with the code of a handler'),
  CODE_FOLDER: z.string().min(1).describe('Folder that it is unpacked to'),
});

/** @throws Error listing every bad variable at once */
export const loadFetchCodeConfig = (env: NodeJS.ProcessEnv): z.infer<typeof fetchCodeEnv> =>
  loadConfig('fetch-code', fetchCodeEnv, env);
