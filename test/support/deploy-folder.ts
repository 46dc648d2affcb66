import { readdirSync } from 'node:fs';
import { create } from 'tar';
import type { PlatformClient } from './platform-client.ts';

/** Deploys configurations with the code in `folder`, as `cortex deploy` does. */
export async function deployFolder(
  platform: PlatformClient,
  folder: string,
  configurations: readonly unknown[],
): Promise<void> {
  const chunks: Buffer[] = [];
  const archive = create({ cwd: folder, gzip: true, portable: true }, readdirSync(folder));
  for await (const chunk of archive) chunks.push(chunk);
  const form = new FormData();
  form.set('config', new Blob([JSON.stringify(configurations)], { type: 'application/json' }));
  form.set('code', new Blob([Buffer.concat(chunks)], { type: 'application/gzip' }), 'code.tgz');
  const answer = await fetch(`${platform.url}/v1/apis`, { method: 'PUT', body: form });
  if (!answer.ok) throw new Error(`deploying ${folder}: ${answer.status} ${await answer.text()}`);
}
