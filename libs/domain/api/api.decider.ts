import type { Decider } from '../kernel/decider.ts';
import { Rejection, unreachable } from '../kernel/errors.ts';
import { stringifyWithRaw } from '../kernel/raw-json.ts';
import type { ApiCommand, DeleteApi, DeployApi } from './api.commands.ts';
import type { ApiDeployed, ApiEvent } from './api.events.ts';

export type ApiState =
  | { readonly phase: 'absent' }
  | { readonly phase: 'deployed'; readonly deployed: ApiDeployed['data'] };

export class ApiNotDeployed extends Rejection {
  readonly code = 'api.not_deployed';
}

export const apiDecider: Decider<ApiState, ApiCommand, ApiEvent> = {
  initialState: { phase: 'absent' },

  decide(state, command) {
    switch (command.type) {
      case 'DeployApi':
        return deploy(state, command);
      case 'DeleteApi':
        return remove(state, command);
      default:
        return unreachable(command);
    }
  },

  evolve(_state, event) {
    switch (event.type) {
      case 'ApiDeployed':
        return { phase: 'deployed', deployed: event.data };
      case 'ApiDeleted':
        return { phase: 'absent' };
      default:
        return unreachable(event);
    }
  },
};

/** Deploying what is deployed already changes nothing, and so keeps the API's id. */
function deploy(state: ApiState, { data }: DeployApi): readonly [] | readonly [ApiEvent] {
  const { newApiId, ...wanted } = data;
  if (state.phase === 'deployed' && isSameDeployment(state.deployed, wanted)) return [];
  return [{ type: 'ApiDeployed', data: { ...wanted, apiId: newApiId } }];
}

function remove(state: ApiState, { data }: DeleteApi): readonly [] | readonly [ApiEvent] {
  if (state.phase === 'absent') throw new ApiNotDeployed(`${data.apiName} is not deployed`);
  const { apiName, apiId } = state.deployed;
  return [{ type: 'ApiDeleted', data: { apiName, apiId } }];
}

const isSameDeployment = (
  deployed: Pick<DeployApi['data'], 'spec' | 'codeKey'>,
  wanted: Pick<DeployApi['data'], 'spec' | 'codeKey'>,
): boolean =>
  deployed.codeKey === wanted.codeKey &&
  stringifyWithRaw(deployed.spec) === stringifyWithRaw(wanted.spec);
