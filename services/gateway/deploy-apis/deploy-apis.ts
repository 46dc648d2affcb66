import { createHash } from 'node:crypto';
import type { ApiSpec } from '#libs/domain/api/api-spec.ts';
import { apiDecider, ApiNotDeployed, type ApiState } from '#libs/domain/api/api.decider.ts';
import type { ApiCommand, DeployApi } from '#libs/domain/api/api.commands.ts';
import type { ApiEvent } from '#libs/domain/api/api.events.ts';
import { fold } from '#libs/domain/kernel/decider.ts';
import { type ApiId, apiId, apiName } from '#libs/domain/kernel/ids.ts';
import { stringifyWithRaw } from '#libs/domain/kernel/raw-json.ts';
import type { Position } from '#libs/domain/platform-event.ts';
import { type ApiSpecDocument, apiSpecDocument } from '#libs/domain/status/job-documents.ts';
import { eventId } from '#libs/event-store/event-ids.ts';
import type { DecisionLane, EventStore } from '#libs/event-store/event-store.port.ts';
import { handleCommand } from '#libs/event-store/handle-command.ts';
import type { BlobStore } from '#libs/object-store/blob-store.port.ts';
import type { Clock } from '#libs/platform/clock.ts';
import type { Logger } from '#libs/platform/logger.ts';
import type { GatewayConfig } from '../gateway.config.ts';
import { badRequest } from '../request-refused.ts';
import type { StatusQueries } from '../status-queries.port.ts';
import type { TimeIds } from '../time-ids.ts';
import { type CodeArchive, readCodeArchive } from './code-archive.ts';
import type { DeploymentRequest } from './deployment-request.ts';
import { endpointTaken, readApiSpecs } from './read-api-specs.ts';

export interface DeployApisParts {
  readonly store: EventStore;
  readonly blobs: BlobStore;
  readonly queries: Pick<StatusQueries, 'getApi'>;
  readonly ids: TimeIds;
  readonly config: Pick<GatewayConfig, 'compute'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Deployed {
  readonly api: ApiSpecDocument;
  readonly message: string;
}

/** One API of the list, and what there was before. */
interface Deployment {
  readonly before: ApiState;
  /** Whether it was not up to date. */
  readonly isNews: boolean;
  readonly deployed: Deployed;
}

/** Deploys a list of APIs: all of them, or none when something is wrong with one. */
export class DeployApis {
  private lastTurn: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: DeployApisParts) {}

  /** @throws RequestRefused, JsonSyntaxError before anything is deployed */
  async execute({ config, isJson, code }: DeploymentRequest): Promise<readonly Deployed[]> {
    const specs = readApiSpecs(config, { isJson, compute: this.parts.config.compute });
    const archive = code === null ? null : await readCodeArchive(code);
    for (const spec of specs) refuseMissingCode(spec, archive);
    return this.inTurn(() => this.deployAll(specs, archive));
  }

  /** One after the other: of two at once to one endpoint, one would have to be undone. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.lastTurn.then(work);
    this.lastTurn = turn.catch(() => {}); // Its own request reports it; the next one starts anew.
    return turn;
  }

  private async deployAll(
    specs: readonly ApiSpec[],
    archive: CodeArchive | null,
  ): Promise<readonly Deployed[]> {
    await this.refuseTakenEndpoints(specs);
    if (archive !== null) await this.parts.blobs.put(archive.key, archive.bytes);
    const deployments: Deployment[] = [];
    try {
      for (const spec of specs) deployments.push(await this.deploy(spec, archive?.key ?? null));
      await this.refuseLostEndpoints(deployments);
    } catch (error) {
      await this.undoAll(deployments); // Also when nobody says whether the endpoints are ours.
      throw error;
    }
    return deployments.map(({ deployed }) => deployed);
  }

  private async refuseTakenEndpoints(specs: readonly ApiSpec[]): Promise<void> {
    const redeployed = new Set(specs.map(({ name }) => name));
    for (const { name, networking } of specs) {
      const owner = await this.parts.queries.getApi(networking);
      if (owner !== null && !redeployed.has(owner.name)) throw endpointTaken(name, owner.name);
    }
  }

  /** Another gateway may have deployed to an endpoint in the same moment; the earlier one has it. */
  private async refuseLostEndpoints(deployments: readonly Deployment[]): Promise<void> {
    for (const { deployed } of deployments) {
      const { name, networking } = deployed.api;
      const owner = await this.parts.queries.getApi(networking);
      if (owner !== null && owner.name !== name) throw endpointTaken(name, owner.name);
    }
  }

  /** What cannot be undone is of no harm: requests go to whoever deployed first. */
  private async undoAll(deployments: readonly Deployment[]): Promise<void> {
    for (const deployment of deployments) {
      await this.undo(deployment).catch((error: unknown) => {
        const { name } = deployment.deployed.api;
        this.parts.logger.error({ err: error, apiName: name }, 'deployment cannot be undone');
      });
    }
  }

  private async undo({ before, isNews, deployed: { api } }: Deployment): Promise<void> {
    const name = apiName(api.name);
    const lane = { kind: 'api', apiName: name } as const;
    const { state } = await this.read(lane);
    const isOurs = isNews && state.phase === 'deployed' && state.deployed.apiId === api.id;
    if (!isOurs) return;
    await this.decide(
      lane,
      before.phase === 'absent'
        ? { type: 'DeleteApi', data: { apiName: name } }
        : this.deployCommand(before.deployed.spec, before.deployed.codeKey),
    );
    this.parts.logger.info({ apiName: name, apiId: api.id }, 'deployment undone');
  }

  private async deploy(spec: ApiSpec, codeKey: string | null): Promise<Deployment> {
    const name = apiName(spec.name);
    const lane = { kind: 'api', apiName: name } as const;
    const { state: before } = await this.read(lane);
    const { event, position } = await this.decide(lane, this.deployCommand(spec, codeKey));

    // Others may deploy or delete it meanwhile; the answer is what this request has brought about.
    const isNews = event !== null;
    const { state, at } = await this.read(lane, isNews ? position : Infinity);
    if (state.phase === 'absent') throw new ApiNotDeployed(`${name} was deleted meanwhile`);
    const api = apiSpecDocument({ deployed: state.deployed, deployedAt: at });
    if (isNews) {
      this.parts.logger.info({ apiName: name, apiId: state.deployed.apiId }, 'api deployed');
    }
    const verb = before.phase === 'absent' ? 'created' : 'updated';
    const message = isNews ? `${verb} ${name} (BatchAPI)` : `${name} (BatchAPI) is up to date`;
    return { before, isNews, deployed: { api, message } };
  }

  private deployCommand(spec: ApiSpec, codeKey: string | null): DeployApi {
    const newApiId = apiIdOf(this.parts.ids.next(), spec, codeKey);
    return { type: 'DeployApi', data: { apiName: apiName(spec.name), newApiId, spec, codeKey } };
  }

  private decide(lane: DecisionLane<ApiEvent>, command: ApiCommand) {
    const stamp = { idOf: eventId, now: this.parts.clock };
    return handleCommand(this.parts.store, apiDecider, stamp, { lane, command });
  }

  /** The API as of `position`; `at` is when the last event up to there happened. */
  private async read(
    lane: DecisionLane<ApiEvent>,
    position: Position = Infinity,
  ): Promise<{ readonly state: ApiState; readonly at: string }> {
    const { events: all } = await this.parts.store.read<ApiEvent>(lane);
    const events = all.filter((logged) => logged.position <= position);
    const state = fold(
      apiDecider,
      events.map(({ event }) => event),
    );
    return { state, at: events.at(-1)?.at ?? '' };
  }
}

/** A function needs its file; a command may be anything that the machine has. */
function refuseMissingCode({ name, handler }: ApiSpec, archive: CodeArchive | null): void {
  if (handler === null) return;
  if (archive === null) {
    throw badRequest(
      'code.missing',
      `${name}: handler.path: the folder with "${handler.path}" must be sent too, as part "code"`,
    );
  }
  if (!archive.files.has(handler.path.replace(/^\.\//, ''))) {
    throw badRequest(
      'code.missing',
      `${name}: handler.path: "${handler.path}" is not in the deployed folder`,
    );
  }
}

/** When it was deployed, and what: newer ids sort first, equal endings mean equal deployments. */
function apiIdOf(timeId: string, spec: ApiSpec, codeKey: string | null): ApiId {
  const hash = createHash('sha256')
    .update(stringifyWithRaw([spec, codeKey]))
    .digest('hex');
  return apiId(`${timeId}--${hash.slice(0, 32)}`);
}
