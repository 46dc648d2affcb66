/** Pages of a listing, the first asked for at once and further ones when the reader says so. */
export class PageReader<Page> {
  private readonly iterator: AsyncIterator<Page>;
  private asked: Promise<IteratorResult<Page>> | null = null;

  constructor(pages: AsyncIterable<Page>) {
    this.iterator = pages[Symbol.asyncIterator]();
    this.ask();
  }

  /** Has the next page on its way while the caller works on this one. */
  ask(): void {
    if (this.asked !== null) return;
    this.asked = this.iterator.next();
    // Whoever takes the page gets the error; a page that nobody takes must not end the process.
    this.asked.catch(() => undefined);
  }

  /** The next page, or `null` after the last. */
  async take(): Promise<Page | null> {
    this.ask();
    const result = await this.asked;
    this.asked = null;
    return result === null || result.done === true ? null : result.value;
  }

  close(): void {
    this.iterator.return?.().catch(() => undefined);
  }
}
