import { join } from 'node:path';

const folder = join(import.meta.dirname, '../../.cache/compiled');

/**
 * For the environment of children that run our sources: where Node keeps what it made of them. To
 * make it anew takes two thirds of the time of a short process.
 */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: folder } as const;
