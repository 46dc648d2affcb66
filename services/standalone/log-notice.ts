import { z } from 'zod';

const WARNING_LEVEL = 40;
const FIELDS_LENGTH_MAX = 300;
const entry = z.looseObject({ level: z.number(), msg: z.string().default('') });
const ownFields = new Set(['level', 'time', 'pid', 'service', 'msg', 'err', 'hostname']);
const natsLine = /^\[\d+\] \S+ \S+ \[(?<level>[A-Z]{3})\] (?<text>.*)$/;
const natsTrouble = new Set(['WRN', 'ERR', 'FTL']);

/** What Node prints around an uncaught error: where, in code that is not the reader's. */
const stackLine = /^(\s|[}\]]|Node\.js v|node:|file:|\/.*:\d+$)/;

/**
 * What a person at the console needs of a line that a process logged: warnings and errors in one
 * short line, the message of an uncaught error without its stack, and of the rest nothing. The log
 * has it all.
 */
export function noticeOf(line: string): string | null {
  if (line === '' || stackLine.test(line)) return null;
  const nats = natsLine.exec(line)?.groups;
  if (nats !== undefined) {
    const { level = '', text = '' } = nats;
    return natsTrouble.has(level) ? text : null;
  }
  const logged = parseEntry(line);
  if (logged === null) return line;
  return logged.level < WARNING_LEVEL ? null : shortForm(logged);
}

function parseEntry(line: string): z.infer<typeof entry> | null {
  if (!line.startsWith('{')) return null;
  try {
    return entry.parse(JSON.parse(line));
  } catch {
    return null; // Not an entry of ours; it is shown as it is.
  }
}

function shortForm(logged: z.infer<typeof entry>): string {
  const facts = Object.entries(logged)
    .filter(([name]) => !ownFields.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const cause = z.object({ message: z.string() }).safeParse(logged['err']);
  const text = [...facts, ...(cause.success ? [cause.data.message] : [])].join(' ');
  const short = text.length > FIELDS_LENGTH_MAX ? `${text.slice(0, FIELDS_LENGTH_MAX)} ...` : text;
  return short === '' ? logged.msg : `${logged.msg}: ${short}`;
}
