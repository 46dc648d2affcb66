import type { ApiObject } from './api-objects.ts';

export interface FailurePolicyRule {
  readonly action: 'Ignore' | 'FailIndex' | 'FailJob' | 'Count';
  readonly onPodConditions?: readonly { readonly type: string; readonly status: string }[];
  readonly onExitCodes?: {
    readonly containerName?: string;
    readonly operator: 'In' | 'NotIn';
    readonly values: readonly number[];
  };
}

interface Status {
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
  readonly containerStatuses?: readonly ContainerStatus[];
}
interface ContainerStatus {
  readonly name: string;
  readonly state?: { readonly terminated?: { readonly exitCode: number } };
}

/** What a Job's `podFailurePolicy` says about a pod that failed: the first rule that fits counts. */
export function failureAction(
  pod: ApiObject,
  rules: readonly FailurePolicyRule[],
): FailurePolicyRule['action'] {
  const status = (pod.status ?? {}) as Status;
  return rules.find((rule) => fits(rule, status))?.action ?? 'Count';
}

function fits({ onPodConditions, onExitCodes }: FailurePolicyRule, status: Status): boolean {
  if (onPodConditions !== undefined) {
    return onPodConditions.some((wanted) =>
      status.conditions?.some(
        (given) => given.type === wanted.type && given.status === wanted.status,
      ),
    );
  }
  if (onExitCodes === undefined) return false;
  const { containerName, operator, values } = onExitCodes;
  return [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
    .filter(({ name }) => containerName === undefined || name === containerName)
    .flatMap(({ state }) => state?.terminated?.exitCode ?? [])
    .some((code) => code !== 0 && values.includes(code) === (operator === 'In'));
}
