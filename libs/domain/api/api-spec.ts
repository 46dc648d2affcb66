/**
 * The configuration of a Batch API with every default filled in.
 *
 * Field names are those of the file users write (`cortex.yaml`) and of `api_spec` in answers, so
 * there is one vocabulary and nothing to translate.
 */
export interface ApiSpec {
  readonly name: string;
  readonly kind: 'BatchAPI';
  /** Containers that serve HTTP. Exactly one of `pod` and `handler` is given. */
  readonly pod: PodSpec | null;
  /** A function served by the platform's own runner. */
  readonly handler: HandlerSpec | null;
  /** Names of node groups the workers may run on; `null` means any. */
  readonly node_groups: readonly string[] | null;
  readonly networking: { readonly endpoint: string };
  /** Kubernetes labels of a job's resources in a cluster; local compute has nothing to label. */
  readonly labels: Readonly<Record<string, string>>;
  /** Who is told of its jobs, unless a submission says otherwise; absent: nobody. */
  readonly webhooks?: { readonly on_complete: { readonly url: string } };
}

export interface PodSpec {
  /** Where the handler listens in a cluster; with local compute each worker gets its own port. */
  readonly port: number;
  readonly containers: readonly ContainerSpec[];
}

export interface ContainerSpec {
  readonly name: string;
  /** Not used by local compute. */
  readonly image: string | null;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly compute: ComputeSpec;
  readonly readiness_probe: Probe | null;
  readonly liveness_probe: Probe | null;
}

export interface HandlerSpec {
  readonly type: 'python' | 'node';
  /** File with the handler, relative to the deployed folder. */
  readonly path: string;
  /** Merged under the `config` of a submission, which wins. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string>>;
  readonly compute: ComputeSpec;
}

/** Kubernetes quantities, as written; `null` means no request and no limit. */
export interface ComputeSpec {
  readonly cpu: string;
  readonly mem: string | null;
  readonly gpu: number;
  readonly inf: number;
  readonly shm: string | null;
}

export interface Probe {
  readonly http_get?: { readonly port: number; readonly path: string };
  readonly tcp_socket?: { readonly port: number };
  readonly exec?: { readonly command: readonly string[] };
  readonly initial_delay_seconds: number;
  readonly timeout_seconds: number;
  readonly period_seconds: number;
  readonly success_threshold: number;
  readonly failure_threshold: number;
}
