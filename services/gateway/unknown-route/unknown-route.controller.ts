import { Controller, Inject, Options, Patch, Put, Req } from '@nestjs/common';
import { deployedApiAt } from '../endpoint.ts';
import { type HttpRequest, targetOf } from '../http-message.ts';
import { ENDPOINT_METHODS, methodNotAllowed } from '../management-routes.ts';
import { STATUS_QUERIES, type StatusQueries } from '../status-queries.port.ts';

/** Verbs that no endpoint takes. Paths that are nothing's reach the endpoints' own controllers. */
@Controller()
export class UnknownRouteController {
  constructor(@Inject(STATUS_QUERIES) private readonly queries: StatusQueries) {}

  @Put('*')
  put(@Req() request: HttpRequest): Promise<never> {
    return this.refuse(request);
  }

  @Patch('*')
  patch(@Req() request: HttpRequest): Promise<never> {
    return this.refuse(request);
  }

  @Options('*')
  options(@Req() request: HttpRequest): Promise<never> {
    return this.refuse(request);
  }

  private async refuse(request: HttpRequest): Promise<never> {
    const { path } = targetOf(request);
    await deployedApiAt(this.queries, { method: request.method, path });
    throw methodNotAllowed(request.method, path, ENDPOINT_METHODS);
  }
}
