import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';
import { ArchiveUnreadable } from '#libs/event-store/event-store.port.ts';
import { queryRefusal } from '#libs/messaging/query-refusal.ts';

/** Tells whoever asked which archive it was that could not be read. */
@Catch(ArchiveUnreadable)
export class ArchiveFilter implements RpcExceptionFilter<ArchiveUnreadable> {
  catch(error: ArchiveUnreadable): Observable<never> {
    return throwError(() => queryRefusal(error.message));
  }
}
