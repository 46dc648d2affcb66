import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ApiName, isJobId, type JobId, type WorkerId } from '#libs/domain/kernel/ids.ts';
import type { Workload } from '../compute.port.ts';
import { mergeConfig } from '../merge-config.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/** Files that the handlers of one job find. They go with the job; its logs stay. */
export interface JobFiles {
  readonly folder: string;
  readonly specFile: string;
  readonly configFile: string;
}

export async function writeJobFiles(dataDir: string, workload: Workload): Promise<JobFiles> {
  const folder = join(dataDir, 'jobs', workload.jobId);
  const files = {
    folder,
    specFile: join(folder, 'job.json'),
    configFile: join(folder, 'config.json'),
  };
  await mkdir(folder, { recursive: true });
  await writeWhole(files.specFile, workload.jobSpecJson);
  const config = mergeConfig(workload.spec.handler?.config ?? {}, workload.configJson);
  await writeWhole(files.configFile, config);
  return files;
}

/** Handlers that an earlier scheduler has started may be reading it: they see all or what was before. */
async function writeWhole(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, text);
  await rename(draft, file);
}

/** Also those whose scheduler did not live to remove them. */
export async function jobsWithFiles(dataDir: string): Promise<readonly JobId[]> {
  const names = await readdir(join(dataDir, 'jobs')).catch(noneIfMissing);
  return names.filter(isJobId);
}

/** Nothing is removed for a name that is no name of ours. */
export async function removeJobFiles(dataDir: string, jobId: JobId): Promise<void> {
  if (!NAME.test(jobId)) return;
  await rm(join(dataDir, 'jobs', jobId), { recursive: true, force: true });
}

/** Where a worker's handler writes; `null` when the names are no names of ours. */
export function logFileOf(
  dataDir: string,
  worker: { readonly apiName: ApiName; readonly jobId: JobId; readonly workerId: WorkerId },
): string | null {
  const names = [worker.apiName, worker.jobId, worker.workerId];
  if (!names.every((name) => NAME.test(name))) return null;
  return join(dataDir, 'logs', worker.apiName, worker.jobId, `${worker.workerId}.log`);
}

function noneIfMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}
