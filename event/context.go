package event

import "context"

type (
	causeKey struct{}
	actorKey struct{}
)

// WithCause returns a context in which all that is done has a cause.
func WithCause(ctx context.Context, c Cause) context.Context {
	return context.WithValue(ctx, causeKey{}, c)
}

// CauseIn returns the cause of what is done in a context; the zero Cause if it has none.
func CauseIn(ctx context.Context) Cause {
	c, _ := ctx.Value(causeKey{}).(Cause)
	return c
}

// WithActor returns a context in which somebody does all that is done.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorIn returns who does what is done in a context; the zero Actor if nobody says.
func ActorIn(ctx context.Context) Actor {
	a, _ := ctx.Value(actorKey{}).(Actor)
	return a
}
