import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Environment } from './program-settings.ts';

const root = join(import.meta.dirname, '../..');

/** What the checks read of a service; the schema says that it has this form. */
export interface ComposeService {
  readonly image: string;
  readonly build?: { readonly target: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Environment;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly restart: string;
  readonly stop_grace_period: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
}

export const composeText = readFileSync(join(root, 'docker-compose.yml'), 'utf8');

/** The document as compose reads it, before it puts in variables. */
export const parseCompose = (text: string): unknown => parse(text, { merge: true });

/** Services as they are when nobody sets a variable. */
export function composeServices(): Readonly<Record<string, ComposeService>> {
  const text = composeText.replaceAll(INTERPOLATION, (_, _name, value: string) => value);
  return (parseCompose(text) as { services: Record<string, ComposeService> }).services;
}

/** Every variable has a default, so that a machine without settings gets no warning. */
const INTERPOLATION = /\$\{([A-Z][A-Z0-9_]*):-([^}]*)\}/g;

/** Variables of whoever calls compose, with their defaults. */
export const interpolations = (): readonly (readonly [name: string, value: string])[] =>
  [...composeText.matchAll(INTERPOLATION)].map(([, name = '', value = '']) => [name, value]);
