import { dumpYaml, loadYaml } from '@kubernetes/client-node';
import { parse, parseAllDocuments } from 'yaml';
import type { Environment } from './program-settings.ts';

/** An object of Kubernetes; the schemas say that it has its form. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

interface EnvSource {
  readonly configMapRef?: { readonly name: string };
}

interface EnvVariable {
  readonly name: string;
  readonly value?: string;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly EnvVariable[];
  readonly envFrom?: readonly EnvSource[];
  readonly resources?: { readonly requests?: object; readonly limits?: object };
  readonly securityContext?: object;
  readonly readinessProbe?: { readonly exec?: { readonly command: readonly string[] } };
}

export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext?: object;
  readonly containers: readonly Container[];
}

export type Workload = Manifest & {
  readonly spec: { readonly replicas: number; readonly template: { readonly spec: PodSpec } };
};

export const parseManifests = (text: string): readonly Manifest[] =>
  parseAllDocuments(text).map((document) => document.toJS() as Manifest);

export const isWorkload = (manifest: Manifest): manifest is Workload =>
  ['Deployment', 'StatefulSet'].includes(manifest.kind);

interface Validated {
  validate(): void;
}
type Model = new (data: object) => Validated;

/** @returns what the schema of Kubernetes objects to: types, missing members, and members it does not know */
export async function schemaProblems(manifest: Manifest): Promise<readonly string[]> {
  const name = `${manifest.kind} ${manifest.metadata.name}`;
  const models = (await import(modelsOf(manifest.apiVersion))) as Readonly<Record<string, Model>>;
  const model = models[manifest.kind];
  if (model === undefined) return [`${name}: there is no such kind in ${manifest.apiVersion}`];
  const unknown = unknownMembers(manifest).map((path) => `${name}: ${path} is unknown`);
  try {
    new model(manifest).validate();
    return unknown;
  } catch (error) {
    return [`${name}: ${error instanceof Error ? error.message : String(error)}`, ...unknown];
  }
}

const modelsOf = (apiVersion: string): string => `kubernetes-models/${apiVersion}`;

/** The client of Kubernetes reads and writes only the members that the API has. */
function unknownMembers(manifest: Manifest): readonly string[] {
  return missing(manifest, parse(dumpYaml(loadYaml(JSON.stringify(manifest)))), '');
}

function missing(given: unknown, known: unknown, path: string): readonly string[] {
  if (typeof given !== 'object' || given === null) return [];
  if (typeof known !== 'object' || known === null) return [path];
  return Object.entries(given).flatMap(([name, value]) =>
    missing(value, Reflect.get(known, name) ?? null, `${path}/${name}`).concat(
      name in known ? [] : `${path}/${name}`,
    ),
  );
}

/** Variables of a container, with those of the config maps that it names. */
export function environmentOf(container: Container, manifests: readonly Manifest[]): Environment {
  const fromMaps = (container.envFrom ?? []).flatMap(({ configMapRef }) =>
    configMapRef === undefined ? [] : Object.entries(dataOf(configMapRef.name, manifests)),
  );
  const own = (container.env ?? []).map(({ name, value }) => [name, value ?? null] as const);
  return Object.fromEntries([...fromMaps, ...own]);
}

function dataOf(name: string, manifests: readonly Manifest[]): Readonly<Record<string, string>> {
  const found = manifests.find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name,
  );
  if (found === undefined) throw new Error(`there is no ConfigMap ${name}`);
  return (found as Manifest & { data: Record<string, string> }).data;
}
