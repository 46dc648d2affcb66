import { existsSync } from 'node:fs';
import { isAbsolute, join, posix } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { CommandFailed } from '../cli.ts';

/** What a configuration says about the code it needs. */
export interface CodeReferences {
  readonly handlers: readonly { readonly apiName: string; readonly path: string }[];
  /** Every word of every container's command and arguments. */
  readonly commandWords: readonly string[];
}

const words = z.array(z.string()).optional().catch([]);
const apiSchema = z.object({
  name: z.string().catch('?'),
  handler: z.object({ path: z.string() }).optional().catch(undefined),
  pod: z
    .object({ containers: z.array(z.object({ command: words, args: words })) })
    .optional()
    .catch(undefined),
});
const configSchema = z.array(z.unknown()).catch([]);

/**
 * Reads leniently: what is wrong in a configuration is for the gateway to say, in one place.
 *
 * @param config YAML or JSON
 */
export function readCodeReferences(config: string): CodeReferences {
  const apis = configSchema.parse(parseYaml(config)).flatMap((entry) => {
    const api = apiSchema.safeParse(entry);
    return api.success ? [api.data] : [];
  });
  return {
    handlers: apis.flatMap(({ name, handler }) =>
      handler === undefined ? [] : [{ apiName: name, path: handler.path }],
    ),
    commandWords: apis
      .flatMap(({ pod }) => pod?.containers ?? [])
      .flatMap(({ command, args }) => [...(command ?? []), ...(args ?? [])])
      // `sh -c "node server.js"` names its file within a word.
      .flatMap((word) => word.split(/\s+/)),
  };
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return null;
  }
}

/** Whether the handlers need what is in `folder`. */
export const namesCodeIn = (folder: string, { handlers, commandWords }: CodeReferences): boolean =>
  handlers.length > 0 ||
  commandWords.some(
    (word) => word !== '' && !isAbsolute(word) && isInside(word) && existsSync(join(folder, word)),
  );

const isInside = (path: string): boolean => !posix.normalize(path).startsWith('..');

/**
 * @param files what will be sent, relative to `folder`
 * @throws CommandFailed when a handler would not be among them
 */
export function checkHandlerFiles(
  { handlers }: CodeReferences,
  files: readonly string[],
  { folder, configFile }: { readonly folder: string; readonly configFile: string },
): void {
  for (const { apiName, path } of handlers) {
    const file = posix.normalize(path);
    if (files.includes(file)) continue;
    const why = existsSync(join(folder, file))
      ? `${path} is left out by .cortexignore, or is no file in the folder`
      : `there is no ${path} in ${folder}`;
    throw new CommandFailed(`${configFile}: ${apiName}: handler.path: ${why}`);
  }
}
