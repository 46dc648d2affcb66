import { createHash } from 'node:crypto';
import type { ApiSpec } from '#libs/domain/api/api-spec.ts';
import { apiDecider, ApiNotDeployed, type ApiState } from '#libs/domain/api/api.decider.ts';
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
import { badRequest } from '../request-refused.ts';
import type { StatusQueries } from '../status-queries.port.ts';
import type { TimeIds } from '../time-ids.ts';
import { type CodeArchive, readCodeArchive } from './code-archive.ts';
import type { DeploymentRequest } from './deployment-request.ts';
import { endpointTaken, readApiSpecs } from './read-api-specs.ts';

export interface DeployApisParts {
  readonly store: EventStore;
  readonly blobs: BlobStore;
  readonly queries: Pick<StatusQueries, 'listApis'>;
  readonly ids: TimeIds;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Deployed {
  readonly api: ApiSpecDocument;
  readonly message: string;
}

/** Deploys a list of APIs: all of them, or none when something is wrong with one. */
export class DeployApis {
  private lastTurn: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: DeployApisParts) {}

  /** @throws RequestRefused, JsonSyntaxError before anything is deployed */
  async execute({ config, isJson, code }: DeploymentRequest): Promise<readonly Deployed[]> {
    const specs = readApiSpecs(config, isJson);
    const archive = code === null ? null : await readCodeArchive(code);
    for (const spec of specs) refuseMissingCode(spec, archive);
    return this.inTurn(() => this.deployAll(specs, archive));
  }

  /** One after the other: an endpoint that is free for two deployments at once would become both's. */
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
    const deployed: Deployed[] = [];
    for (const spec of specs) deployed.push(await this.deploy(spec, archive?.key ?? null));
    return deployed;
  }

  private async refuseTakenEndpoints(specs: readonly ApiSpec[]): Promise<void> {
    const redeployed = new Set(specs.map(({ name }) => name));
    const others = (await this.parts.queries.listApis()).filter(
      ({ name }) => !redeployed.has(name),
    );
    for (const { name, networking } of specs) {
      const owner = others.find(({ endpoint }) => endpoint === networking.endpoint);
      if (owner !== undefined) throw endpointTaken(name, owner.name);
    }
  }

  private async deploy(spec: ApiSpec, codeKey: string | null): Promise<Deployed> {
    const { store, ids, clock, logger } = this.parts;
    const name = apiName(spec.name);
    const lane = { kind: 'api', apiName: name } as const;
    const before = await this.read(lane);
    const newApiId = apiIdOf(ids.next(), spec, codeKey);
    const command = {
      type: 'DeployApi',
      data: { apiName: name, newApiId, spec, codeKey },
    } as const;
    const stamp = { idOf: eventId, now: clock };
    const { event, position } = await handleCommand(store, apiDecider, stamp, { lane, command });

    // Others may deploy or delete it meanwhile; the answer is what this request has brought about.
    const { state, at } = await this.read(lane, event === null ? Infinity : position);
    if (state.phase === 'absent') throw new ApiNotDeployed(`${name} was deleted meanwhile`);
    const api = apiSpecDocument({ deployed: state.deployed, deployedAt: at });
    if (event === null) return { api, message: `${name} (BatchAPI) is up to date` };
    logger.info({ apiName: name, apiId: state.deployed.apiId }, 'api deployed');
    const verb = before.state.phase === 'absent' ? 'created' : 'updated';
    return { api, message: `${verb} ${name} (BatchAPI)` };
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
