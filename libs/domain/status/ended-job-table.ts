import { END_STATUSES, type EndStatus, type JobStatusCode } from '../job/job-status-code.ts';
import { invariant } from '../kernel/errors.ts';
import { type ApiName, isJobId, type JobId, jobId } from '../kernel/ids.ts';
import type { Position } from '../platform-event.ts';
import { CHUNK_ROWS_MAX, EndedJobRows, ROW_BYTES } from './ended-job-rows.ts';

/** What lists need of a job that has ended and whose workers have left. */
export interface EndedJob {
  readonly jobId: JobId;
  readonly apiName: ApiName;
  readonly status: EndStatus;
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
  /** Of the last event that changed the job. */
  readonly position: Position;
  /** 16 hex digits, by which the rest of the job is known that is kept elsewhere. */
  readonly digest: string;
}

/** Plain form of an `EndedJobTable`, for snapshots: of equal tables equal, however they came about. */
export interface EndedJobTableSnapshot {
  /** Sorted; rows name an API by its place here. */
  readonly apiNames: readonly ApiName[];
  /** By ascending id. */
  readonly rows: Uint8Array;
}

/** Which jobs are wanted. Members that are `null` do not filter. */
export interface EndedJobFilter {
  readonly apiName: ApiName | null;
  readonly statuses: readonly JobStatusCode[] | null;
  /** Only jobs with a greater id. */
  readonly after: JobId | null;
}

/** Where the members of a row are. */
const ID = 0;
const CREATED = 8;
const POSITION = 16;
const DIGEST = 24;
const API = 32;
const STATUS = 36;

/**
 * Ended jobs in 40 bytes each, sorted by id, which is newest first.
 *
 * There may be hundreds of thousands, so a job is a row of bytes and no object: ids as numbers, an API
 * and a status as their places in tables.
 */
export class EndedJobTable {
  private readonly chunks: EndedJobRows[] = [];
  private readonly apiNames: ApiName[] = [];
  private readonly apiPlaces = new Map<ApiName, number>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** Whether a row can hold what there is to say of the job. */
  static canHold(id: JobId, createdAt: string): boolean {
    const createdAtMs = Date.parse(createdAt);
    if (!isJobId(id) || Number.isNaN(createdAtMs)) return false;
    return new Date(createdAtMs).toISOString() === createdAt;
  }

  has(id: JobId): boolean {
    return this.find(id) !== null;
  }

  get(id: JobId): EndedJob | null {
    const found = this.find(id);
    return found === null ? null : this.read(found.chunk, found.row);
  }

  /** Adds a job, in the place of what was known of it. */
  set(job: EndedJob): void {
    const id = numberOf(job.jobId);
    const known = this.find(job.jobId);
    if (known !== null) return this.write(known.chunk, known.row, job);
    let chunk = this.chunks[this.placeOf(id)];
    if (chunk === undefined) this.chunks.push((chunk = new EndedJobRows()));
    if (chunk.rowCount === CHUNK_ROWS_MAX) {
      const other = chunk.splitOff();
      this.chunks.splice(this.chunks.indexOf(chunk) + 1, 0, other);
      if (id >= other.idAt(0)) chunk = other;
    }
    const row = chunk.rowOf(id);
    chunk.open(row);
    this.write(chunk, row, job);
    this.count += 1;
  }

  delete(id: JobId): void {
    const found = this.find(id);
    if (found === null) return;
    found.chunk.remove(found.row);
    if (found.chunk.rowCount === 0) this.chunks.splice(this.chunks.indexOf(found.chunk), 1);
    this.count -= 1;
  }

  /** The first `countMax` jobs by id that match. */
  select({ apiName, statuses, after }: EndedJobFilter, countMax: number): readonly EndedJob[] {
    const api = apiName === null ? null : (this.apiPlaces.get(apiName) ?? -1);
    const wanted = statuses && END_STATUSES.map((status) => statuses.includes(status));
    const firstId = after === null ? 0n : numberOf(after) + 1n;
    const selected: EndedJob[] = [];
    for (let place = this.placeOf(firstId); place < this.chunks.length; place++) {
      const chunk = this.chunks[place];
      if (chunk === undefined) break;
      for (let row = chunk.rowOf(firstId); row < chunk.rowCount; row++) {
        if (selected.length >= countMax) return selected;
        const offset = row * ROW_BYTES;
        if (api !== null && chunk.view.getUint32(offset + API) !== api) continue;
        if (wanted && wanted[chunk.view.getUint8(offset + STATUS)] !== true) continue;
        selected.push(this.read(chunk, row));
      }
    }
    return selected;
  }

  /** The newest job of each API. */
  newestByApi(): ReadonlyMap<ApiName, EndedJob> {
    const newest = new Map<ApiName, EndedJob>();
    const isKnown = this.apiNames.map(() => false);
    for (const chunk of this.chunks) {
      for (let row = 0; row < chunk.rowCount; row++) {
        const api = chunk.view.getUint32(row * ROW_BYTES + API);
        if (isKnown[api] === true) continue;
        isKnown[api] = true;
        const job = this.read(chunk, row);
        newest.set(job.apiName, job);
      }
    }
    return newest;
  }

  /** Jobs that nothing behind a position has changed. To be taken at once: the table may change. */
  *unchangedBehind(position: Position): Generator<EndedJob> {
    for (const chunk of this.chunks) {
      for (let row = 0; row < chunk.rowCount; row++) {
        if (chunk.view.getFloat64(row * ROW_BYTES + POSITION) > position) continue;
        yield this.read(chunk, row);
      }
    }
  }

  /** Jobs that were last changed behind a position, in the order of their ids. */
  changedAfter(position: Position): readonly EndedJob[] {
    const changed: EndedJob[] = [];
    for (const chunk of this.chunks) {
      for (let row = 0; row < chunk.rowCount; row++) {
        if (chunk.view.getFloat64(row * ROW_BYTES + POSITION) <= position) continue;
        changed.push(this.read(chunk, row));
      }
    }
    return changed;
  }

  snapshot(): EndedJobTableSnapshot {
    const rows = new Uint8Array(this.count * ROW_BYTES);
    let offset = 0;
    for (const chunk of this.chunks) {
      rows.set(chunk.rows, offset);
      offset += chunk.rowCount * ROW_BYTES;
    }
    return { apiNames: this.nameAnew(rows), rows };
  }

  static restore({ apiNames, rows }: EndedJobTableSnapshot): EndedJobTable {
    const table = new EndedJobTable();
    for (const apiName of apiNames) table.apiPlaceOf(apiName);
    const step = (CHUNK_ROWS_MAX >>> 1) * ROW_BYTES; // Half full: there will be more.
    for (let offset = 0; offset < rows.length; offset += step) {
      table.chunks.push(EndedJobRows.of(rows.subarray(offset, offset + step)));
    }
    table.count = rows.length / ROW_BYTES;
    return table;
  }

  /** Sorts the names that `rows` use: the order in which they came does not matter. */
  private nameAnew(rows: Uint8Array): readonly ApiName[] {
    const view = new DataView(rows.buffer);
    const used = new Set<number>();
    for (let offset = API; offset < rows.length; offset += ROW_BYTES) {
      used.add(view.getUint32(offset));
    }
    const names = [...used].map((place) => this.apiNameAt(place)).sort((a, b) => (a < b ? -1 : 1));
    const places = new Map(names.map((name, place) => [name, place]));
    for (let offset = API; offset < rows.length; offset += ROW_BYTES) {
      view.setUint32(offset, places.get(this.apiNameAt(view.getUint32(offset))) ?? 0);
    }
    return names;
  }

  private find(id: JobId): { readonly chunk: EndedJobRows; readonly row: number } | null {
    if (!isJobId(id)) return null;
    const number = numberOf(id);
    const chunk = this.chunks[this.placeOf(number)];
    if (chunk === undefined) return null;
    const row = chunk.rowOf(number);
    return row < chunk.rowCount && chunk.idAt(row) === number ? { chunk, row } : null;
  }

  /** Place of the chunk that has the id, or would have it. */
  private placeOf(id: bigint): number {
    let low = 0;
    let high = this.chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.chunks[middle]?.idAt(0) ?? 0n) <= id) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private read({ view }: EndedJobRows, row: number): EndedJob {
    const offset = row * ROW_BYTES;
    const status = END_STATUSES[view.getUint8(offset + STATUS)];
    invariant(status !== undefined, 'a row has one of the statuses');
    return {
      jobId: jobId(hexOf(view.getBigUint64(offset + ID))),
      apiName: this.apiNameAt(view.getUint32(offset + API)),
      status,
      createdAtMs: view.getFloat64(offset + CREATED),
      position: view.getFloat64(offset + POSITION),
      digest: hexOf(view.getBigUint64(offset + DIGEST)),
    };
  }

  private write({ view }: EndedJobRows, row: number, job: EndedJob): void {
    const offset = row * ROW_BYTES;
    view.setBigUint64(offset + ID, numberOf(job.jobId));
    view.setFloat64(offset + CREATED, job.createdAtMs);
    view.setFloat64(offset + POSITION, job.position);
    view.setBigUint64(offset + DIGEST, BigInt(`0x${job.digest}`));
    view.setUint32(offset + API, this.apiPlaceOf(job.apiName));
    view.setUint32(offset + STATUS, END_STATUSES.indexOf(job.status) << 24);
  }

  private apiPlaceOf(name: ApiName): number {
    const known = this.apiPlaces.get(name);
    if (known !== undefined) return known;
    this.apiPlaces.set(name, this.apiNames.length);
    return this.apiNames.push(name) - 1;
  }

  private apiNameAt(place: number): ApiName {
    const name = this.apiNames[place];
    invariant(name !== undefined, 'a row names an API of the table');
    return name;
  }
}

const numberOf = (id: JobId): bigint => (isJobId(id) ? BigInt(`0x${id}`) : 0n);
const hexOf = (number: bigint): string => number.toString(16).padStart(16, '0');
