import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { CLUSTER_RULES } from './cluster.ts';

const file = join(import.meta.dirname, '../../../deploy/kubernetes/base/scheduler-role.yaml');

describe('the Role of the scheduler', () => {
  it('allows what is asked of the cluster, and no more', () => {
    const documents = parseAllDocuments(readFileSync(file, 'utf8')).map(
      (document) => document.toJS() as { readonly kind: string; readonly rules?: unknown },
    );
    expect(documents.find(({ kind }) => kind === 'Role')?.rules).toEqual(CLUSTER_RULES);
  });
});
