import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import gossipService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_grpc_pb.js';
import gossip from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_pb.js';
import groupsService, {
  type IPersistentSubscriptionsServer,
} from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/persistentsubscriptions_grpc_pb.js';
import featuresService from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_grpc_pb.js';
import features from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/serverfeatures_pb.js';
import streamsService, {
  type IStreamsServer,
} from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js';
import { freePort } from '../free-port.ts';
import { answerAppend, answerBatchAppend, type Append } from './append-calls.ts';
import { answerGroupRead, createGroup, deleteGroup, type Groups } from './group-calls.ts';
import { answerRead } from './read-call.ts';
import { StoredLog } from './stored-log.ts';
import { Failure, uuidMessage } from './wire.ts';

/** What goes wrong, for tests that want it to. */
export interface Faults {
  /** So many appends are stored and never answered. */
  unansweredAppendCount: number;
  /** So many appends are neither stored nor answered. */
  ignoredAppendCount: number;
  areAppendsDenied: boolean;
  /** Whoever asks for the leader is sent there. */
  leaderPort: number | null;
}

/**
 * A KurrentDB in this process, as far as our adapter uses one: gRPC on the service definitions that
 * its client ships, on a log in memory. `restart` keeps what is stored, as a disk would.
 */
export class TestKurrentServer {
  readonly faults: Faults = {
    unansweredAppendCount: 0,
    ignoredAppendCount: 0,
    areAppendsDenied: false,
    leaderPort: null,
  };
  appendCount = 0;
  private server: Server | null = null;

  private constructor(
    readonly port: number,
    readonly log: StoredLog,
    readonly groups: Groups,
  ) {}

  /** @param of a server that the new one forms a cluster with: it has the same log */
  static async start(of?: TestKurrentServer): Promise<TestKurrentServer> {
    const { log, groups } = of ?? { log: new StoredLog(), groups: new Map() };
    const server = new TestKurrentServer(await freePort(), log, groups);
    await server.listen();
    return server;
  }

  get url(): string {
    // The client waits so long before it first connects: 500 ms unless it is told.
    return `kurrentdb://127.0.0.1:${this.port}?tls=false&discoveryInterval=20`;
  }

  /** Cuts every connection, as the death of the server would. */
  stop(): Promise<void> {
    this.server?.forceShutdown();
    this.server = null;
    for (const group of this.groups.values()) group.resume();
    return Promise.resolve();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.listen();
  }

  /** Serves again after `stop`. */
  async listen(): Promise<void> {
    const server = new Server({ 'grpc.max_receive_message_length': 17 * 1024 * 1024 });
    this.addStreams(server);
    this.addGroups(server);
    server.addService(featuresService.ServerFeaturesService, {
      getSupportedMethods: answering(() => supportedMethods()),
    });
    server.addService(gossipService.GossipService, { read: answering(() => this.members()) });
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${this.port}`, ServerCredentials.createInsecure(), (error) =>
        error === null ? resolve() : reject(error),
      );
    });
    this.server = server;
  }

  private readonly append: Append = (stream, expected, events) => {
    this.appendCount++;
    const { faults, log } = this;
    if (faults.areAppendsDenied) return Promise.resolve('denied');
    if (faults.ignoredAppendCount > 0) {
      faults.ignoredAppendCount--;
      return Promise.resolve(null);
    }
    const outcome = log.append(stream, expected, events);
    if (faults.unansweredAppendCount > 0) {
      faults.unansweredAppendCount--;
      return Promise.resolve(null);
    }
    return Promise.resolve(outcome);
  };

  private addStreams(server: Server): void {
    const service: IStreamsServer = {
      read: (call) => {
        if (this.isElsewhere(call.metadata)) call.emit('error', this.notLeader());
        else answerRead(call, this.log).catch((error: unknown) => call.emit('error', error));
      },
      append: (call, callback) => {
        if (this.isElsewhere(call.metadata)) callback(this.notLeader());
        else void this.answerSingle(call, callback);
      },
      batchAppend: (call) => {
        if (this.isElsewhere(call.metadata)) call.emit('error', this.notLeader());
        else answerBatchAppend(call, this.append);
      },
      delete: refused,
      tombstone: refused,
    };
    server.addService(streamsService.StreamsService, service);
  }

  private async answerSingle(
    call: Parameters<IStreamsServer['append']>[0],
    callback: Parameters<IStreamsServer['append']>[1],
  ): Promise<void> {
    const response = await answerAppend(call, this.append);
    if (response === 'denied') callback(new Failure(status.PERMISSION_DENIED, 'access-denied'));
    else if (response !== null) callback(null, response);
  }

  private addGroups(server: Server): void {
    const service: IPersistentSubscriptionsServer = {
      create: answering((call) => createGroup(call, this.groups, this.log)),
      delete: answering((call) =>
        deleteGroup(call.request.getOptions()?.getGroupName() ?? '', this.groups),
      ),
      read: (call) => answerGroupRead(call, this.groups),
      update: refused,
      getInfo: refused,
      replayParked: refused,
      list: refused,
      restartSubsystem: refused,
    };
    server.addService(groupsService.PersistentSubscriptionsService, service);
  }

  private isElsewhere(metadata: { get(name: string): readonly unknown[] }): boolean {
    return this.faults.leaderPort !== null && metadata.get('requires-leader')[0] === 'true';
  }

  private notLeader(): Failure {
    return new Failure(status.NOT_FOUND, 'not-leader', {
      'leader-endpoint-host': '127.0.0.1',
      'leader-endpoint-port': String(this.faults.leaderPort),
    });
  }

  private members(): gossip.ClusterInfo {
    const info = new gossip.ClusterInfo();
    const member = new gossip.MemberInfo();
    const { LEADER, FOLLOWER } = gossip.MemberInfo.VNodeState;
    member.setInstanceId(uuidMessage(crypto.randomUUID(), false));
    member.setState(this.faults.leaderPort === null ? LEADER : FOLLOWER);
    member.setIsAlive(true);
    member.setHttpEndPoint(new gossip.EndPoint().setAddress('127.0.0.1').setPort(this.port));
    info.addMembers(member);
    return info;
  }
}

const answering =
  <Request, Response>(answer: (call: ServerUnaryCall<Request, Response>) => Response) =>
  (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void => {
    try {
      callback(null, answer(call));
    } catch (error) {
      callback(error as Partial<ServiceError>);
    }
  };

const refused = (_: unknown, callback: (error: Partial<ServiceError>) => void): void =>
  callback({ code: status.UNIMPLEMENTED, details: 'not needed here' });

const STREAMS = 'event_store.client.streams.streams';
const GROUPS = 'event_store.client.persistent_subscriptions.persistentsubscriptions';

/** What the client asks before it appends in batches or subscribes to groups of `$all`. */
function supportedMethods(): features.SupportedMethods {
  const supported = new features.SupportedMethods().setEventStoreServerVersion('25.1.0');
  const add = (service: string, method: string, all: readonly string[]): void => {
    const entry = new features.SupportedMethod().setServiceName(service).setMethodName(method);
    for (const feature of all) entry.addFeatures(feature);
    supported.addMethods(entry);
  };
  add(STREAMS, 'append', []);
  add(STREAMS, 'batchappend', ['deadline_duration']);
  add(STREAMS, 'read', ['position', 'events']);
  for (const method of ['create', 'update', 'delete', 'read', 'getinfo'])
    add(GROUPS, method, ['stream', 'all']);
  return supported;
}
