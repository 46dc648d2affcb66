import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { freePort } from '../free-port.ts';
import { until } from '../until.ts';
import { Rest } from './rest.ts';

const ADMIN = 'admin-token';
const SCHEDULER = 'scheduler-token';
const READY_MS_MAX = 120_000;
const CONTROLLERS = ['job', 'garbage-collector', 'ttl-after-finished', 'namespace'].map(
  (name) => `${name}-controller`,
);

/** Where `etcd` and `kube-apiserver` are, as for envtest; `null` with the reason when they are not. */
export function controlPlaneAssets(): { readonly folder: string } | { readonly missing: string } {
  const folder = process.env['KUBEBUILDER_ASSETS'] ?? '';
  if (folder === '') return { missing: 'KUBEBUILDER_ASSETS names no folder' };
  const missing = ['etcd', 'kube-apiserver'].filter((name) => !existsSync(join(folder, name)));
  return missing.length > 0
    ? { missing: `${folder} has no ${missing.join(' and no ')}` }
    : { folder };
}

/** A real etcd, API server and, where it is there, controller manager; it has no nodes of its own. */
export class RealControlPlane {
  private readonly children: ChildProcess[] = [];
  private port = 0;

  private constructor(
    private readonly assets: string,
    private readonly folder: string,
  ) {}

  static async start(assets: string): Promise<RealControlPlane> {
    const plane = new RealControlPlane(assets, await mkdtemp(join(tmpdir(), 'cortex-kube-')));
    try {
      await plane.startAll();
      return plane;
    } catch (error) {
      await plane.stop();
      throw error;
    }
  }

  /** Whether Jobs and what belongs to them are looked after. */
  get hasControllers(): boolean {
    return existsSync(join(this.assets, 'kube-controller-manager'));
  }

  get adminConfig(): KubeConfig {
    return this.configOf(ADMIN);
  }

  /** Somebody who may do only what a Role says. */
  get schedulerConfig(): KubeConfig {
    return this.configOf(SCHEDULER);
  }

  /** Certificate and key that the API server has made for itself. */
  get tls(): { readonly cert: string; readonly key: string } {
    const read = (name: string): string => readFileSync(join(this.folder, `certs/${name}`), 'utf8');
    return { cert: read('apiserver.crt'), key: read('apiserver.key') };
  }

  /** A namespace where the scheduler may do what `rules` say. */
  async newNamespace(name: string, rules: readonly object[]): Promise<void> {
    const rest = new Rest(this.adminConfig, name);
    const metadata = { name: 'scheduler', namespace: name };
    const roles = `/apis/rbac.authorization.k8s.io/v1/namespaces/${name}`;
    const apiGroup = 'rbac.authorization.k8s.io';
    await rest.create('/api/v1/namespaces', { metadata: { name } });
    await rest.create(`${roles}/roles`, { metadata, rules });
    await rest.create(`${roles}/rolebindings`, {
      metadata,
      roleRef: { apiGroup, kind: 'Role', name: 'scheduler' },
      subjects: [{ apiGroup, kind: 'User', name: 'scheduler' }],
    });
  }

  async stop(): Promise<void> {
    for (const child of this.children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  private async startAll(): Promise<void> {
    const etcd = `http://127.0.0.1:${await freePort()}`;
    const peer = `http://127.0.0.1:${await freePort()}`;
    this.port = await freePort();
    this.writeKeys();
    this.spawn('etcd', {
      'data-dir': join(this.folder, 'etcd'),
      'listen-client-urls': etcd,
      'advertise-client-urls': etcd,
      'listen-peer-urls': peer,
      'initial-advertise-peer-urls': peer,
      'initial-cluster': `default=${peer}`,
    });
    this.spawn('kube-apiserver', this.apiServerFlags(etcd));
    const rest = new Rest(this.adminConfig, 'default');
    const isReady = async (): Promise<boolean> => {
      const dead = this.children.find(({ exitCode }) => exitCode !== null);
      if (dead !== undefined) throw new Error(`${dead.spawnfile} exited: ${this.lastLog()}`);
      return rest.send('GET', '/api/v1/namespaces/default').then(
        ({ status }) => status === 200,
        () => false,
      );
    };
    await until('the API server', isReady, READY_MS_MAX);
    if (this.hasControllers) this.spawn('kube-controller-manager', await this.controllerFlags());
  }

  private lastLog(): string {
    const log = join(this.folder, 'kube-apiserver.log');
    return existsSync(log) ? readFileSync(log, 'utf8').trimEnd().slice(-500) : '';
  }

  private writeKeys(): void {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const keyFile = join(this.folder, 'sa.key');
    writeFileSync(keyFile, privateKey.export({ format: 'pem', type: 'pkcs1' }));
    writeFileSync(join(this.folder, 'sa.pub'), publicKey.export({ format: 'pem', type: 'spki' }));
    const tokens = [`${ADMIN},admin,1,system:masters`, `${SCHEDULER},scheduler,2`];
    writeFileSync(join(this.folder, 'tokens.csv'), `${tokens.join('\n')}\n`);
  }

  private apiServerFlags(etcd: string): Record<string, string> {
    return {
      'etcd-servers': etcd,
      'secure-port': String(this.port),
      'bind-address': '127.0.0.1',
      'advertise-address': '127.0.0.1',
      'cert-dir': join(this.folder, 'certs'),
      'service-account-issuer': 'https://kubernetes.default.svc',
      'service-account-key-file': join(this.folder, 'sa.pub'),
      'service-account-signing-key-file': join(this.folder, 'sa.key'),
      'token-auth-file': join(this.folder, 'tokens.csv'),
      'authorization-mode': 'RBAC',
      'disable-admission-plugins': 'ServiceAccount',
      'service-cluster-ip-range': '10.0.0.0/24',
    };
  }

  private async controllerFlags(): Promise<Record<string, string>> {
    const kubeconfig = join(this.folder, 'admin.json');
    writeFileSync(kubeconfig, this.adminConfig.exportConfig());
    return {
      kubeconfig,
      authentication_kubeconfig: kubeconfig,
      authorization_kubeconfig: kubeconfig,
      controllers: CONTROLLERS.join(),
      'leader-elect': 'false',
      'bind-address': '127.0.0.1',
      'secure-port': String(await freePort()),
    };
  }

  private spawn(program: string, flags: Readonly<Record<string, string>>): void {
    const log = openSync(join(this.folder, `${program}.log`), 'a');
    const args = Object.entries(flags).map(
      ([name, value]) => `--${name.replaceAll('_', '-')}=${value}`,
    );
    const child = spawn(join(this.assets, program), args, { stdio: ['ignore', log, log] });
    closeSync(log);
    this.children.push(child);
  }

  private configOf(token: string): KubeConfig {
    const config = new KubeConfig();
    const server = `https://127.0.0.1:${this.port}`;
    config.loadFromClusterAndUser(
      { name: 'test', server, skipTLSVerify: true },
      { name: token, token },
    );
    return config;
  }
}
