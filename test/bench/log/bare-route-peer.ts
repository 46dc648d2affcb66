import { fastify } from 'fastify';

/** A Fastify route that returns a document it was given, and nothing else. */
const app = fastify();

process.once('message', ({ documentJson }: { readonly documentJson: string }) => {
  app.get('/job', (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(documentJson),
  );
  void app.listen({ port: 0, host: '127.0.0.1' }).then((url) => process.send?.({ url }));
});
process.on('disconnect', () => process.exit());
