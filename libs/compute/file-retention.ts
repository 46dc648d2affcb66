/** How long what jobs leave on this machine is kept. */
export interface FileRetention {
  readonly ageMsMax: number;
  /** Of the logs of all jobs together. */
  readonly logBytesMax: number;
}
