import { z } from 'zod';

/** Labels of Kubernetes, by its rules: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels */

const NAME_LENGTH_MAX = 63;
const PREFIX_LENGTH_MAX = 253;
const NAME = /^[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/;
const DOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** Prefixes, with their subdomains, that Kubernetes keeps for itself and that we label jobs with. */
const RESERVED_DOMAIN = /(^|[.])(kubernetes[.]io|k8s[.]io|cortex[.]dev)$/;
/** Set by Kubernetes' controller of jobs. */
const RESERVED_NAMES: ReadonlySet<string> = new Set(['controller-uid', 'job-name']);

const RULE = {
  key: 'is not a label of Kubernetes: it must be a name of at most 63 letters, numbers, dashes, underscores, and periods, with letters or numbers at its ends, and may have a domain and a slash before it',
  reserved: 'is reserved; use another label',
  value:
    'must be at most 63 letters, numbers, dashes, underscores, and periods, with letters or numbers at its ends',
};

const isName = (text: string): boolean => text.length <= NAME_LENGTH_MAX && NAME.test(text);
const isDomain = (text: string): boolean => text.length <= PREFIX_LENGTH_MAX && DOMAIN.test(text);

function isKey(key: string): boolean {
  const slash = key.indexOf('/');
  return slash < 0 ? isName(key) : isDomain(key.slice(0, slash)) && isName(key.slice(slash + 1));
}

function isReserved(key: string): boolean {
  const [prefix = '', name] = key.split('/');
  return name === undefined ? RESERVED_NAMES.has(prefix) : RESERVED_DOMAIN.test(prefix);
}

export const labels = z.record(
  z
    .string()
    .refine(isKey, { error: RULE.key, abort: true })
    .refine((key) => !isReserved(key), { error: RULE.reserved }),
  z.string().refine((value) => value === '' || isName(value), {
    error: ({ input }) => `${RULE.value} (got "${String(input)}")`,
  }),
);
