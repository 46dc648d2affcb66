import type { Style } from './terminal.ts';

/** What pages depend on besides the documents they show. */
export interface PageContext {
  readonly nowMs: number;
  readonly style: Pick<Style, 'bold'>;
}

/** How long ago `time` (RFC 3339) was, in ms. */
export const sinceMs = ({ nowMs }: PageContext, time: string): number => nowMs - Date.parse(time);
