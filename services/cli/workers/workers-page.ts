import type { WorkerPage } from '#libs/client/gateway-documents.ts';
import { renderTable } from '../table.ts';
import type { Style } from '../terminal.ts';
import { shortTime } from '../time-format.ts';

/** The answer to `cortex workers`: a line for each worker. */
export const workersPage = (workers: WorkerPage['workers'], style: Pick<Style, 'bold'>): string =>
  renderTable(
    [
      { title: 'worker', cells: workers.map((worker) => worker.worker_id) },
      { title: 'state', cells: workers.map((worker) => worker.state) },
      { title: 'since', cells: workers.map((worker) => shortTime(worker.since)) },
      { title: 'restarts', cells: workers.map((worker) => String(worker.restarts)) },
      { title: 'batches done', cells: workers.map((worker) => String(worker.batches_done)) },
      { title: 'reason', cells: workers.map(({ reason }) => firstLine(reason?.message ?? '-')) },
    ],
    style,
  );

/** Behind it come the last lines of the log, which `cortex logs` and `-o json` show. */
const firstLine = (text: string): string => text.trim().split(/[\r\n]/)[0] ?? '';
