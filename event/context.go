package event

import "context"

type causeKey struct{}

// WithCause returns a context in which all that is done has a cause.
func WithCause(ctx context.Context, c Cause) context.Context {
	return context.WithValue(ctx, causeKey{}, c)
}

// CauseIn returns the cause of what is done in a context; the zero Cause if it has none.
func CauseIn(ctx context.Context) Cause {
	c, _ := ctx.Value(causeKey{}).(Cause)
	return c
}
