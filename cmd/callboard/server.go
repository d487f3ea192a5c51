package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"golang.org/x/sync/semaphore"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/config"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/web"
)

const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	writeTimeout      = 60 * time.Second
	idleTimeout       = 2 * time.Minute
	drainTimeout      = 15 * time.Second
)

// contentSecurityPolicy lets pages run our own scripts only.
const contentSecurityPolicy = "default-src 'self'; img-src 'self' data: https:; style-src 'self' 'unsafe-inline'; " +
	"object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"

// newEcho returns a server with what holds for every route.
func newEcho(logger *slog.Logger, g guard, gate echo.MiddlewareFunc) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.Logger.SetOutput(discard{}) // requests are logged below; nothing else speaks
	e.Use(
		middleware.RequestID(),
		requestIsCause,
		middleware.RequestLoggerWithConfig(requestLog(logger)),
		middleware.SecureWithConfig(middleware.SecureConfig{
			ContentTypeNosniff: "nosniff", XFrameOptions: "DENY", ReferrerPolicy: "same-origin", ContentSecurityPolicy: contentSecurityPolicy,
		}),
		g.middleware,
		// Unlike Echo's, this one makes no compressor for an answer too small to need it.
		echo.WrapMiddleware(func(next http.Handler) http.Handler { return gzhttp.GzipHandler(next) }),
		answerErrors,
		middleware.RecoverWithConfig(middleware.RecoverConfig{
			DisablePrintStack: true,
			LogErrorFunc: func(c echo.Context, err error, stack []byte) error {
				logger.ErrorContext(c.Request().Context(), "panic", "error", err, "stack", string(stack))
				return err
			},
		}),
		// The webhook door has a limit of its own, and so has what is checked.
		middleware.BodyLimitWithConfig(middleware.BodyLimitConfig{Limit: "1M", Skipper: isLarge}),
		roomForBodies(),
		gate,
	)
	return e
}

// requestIsCause has whatever a request changes name it as its cause, and who asks.
func requestIsCause(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if r := c.Request(); r.Method != http.MethodGet && r.Method != http.MethodHead && !isHook(c) { // what sends a delivery asks for nothing
			name, err := nameOf(r)
			if err != nil {
				return err
			}
			ctx := event.WithCause(r.Context(), event.Cause{Request: c.Response().Header().Get(echo.HeaderXRequestID)})
			c.SetRequest(r.WithContext(event.WithActor(ctx, event.Actor{Name: name})))
		}
		return next(c)
	}
}

// headerBy is where a program says for whom it asks.
const headerBy = "Callboard-By"

// nameOf is what whoever asks calls themselves: nobody signs in.
func nameOf(r *http.Request) (string, error) {
	text := r.Header.Get(headerBy)
	if text == "" {
		return web.NameIn(r), nil
	}
	name, err := url.PathUnescape(text)
	if err != nil || !event.IsName(name) {
		return "", fault.New(fault.Invalid, "%s must be a name of at most %d characters in UTF-8, percent-encoded where it is more than ASCII", headerBy, event.MaxName)
	}
	return name, nil
}

func isHook(c echo.Context) bool { return strings.HasPrefix(c.Request().URL.Path, "/hooks/") }

// isLarge reports whether a request may have a large body.
func isLarge(c echo.Context) bool { return isHook(c) || c.Request().URL.Path == "/api/check" }

// intakeBytes bounds the bodies of deliveries in memory that nobody has looked at yet.
const intakeBytes = 256 << 20

// roomForBodies lets so many deliveries in at once that their bodies fit; the others
// are told to come again.
func roomForBodies() echo.MiddlewareFunc {
	room := semaphore.NewWeighted(intakeBytes)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if !isLarge(c) {
				return next(c)
			}
			size := c.Request().ContentLength
			if size < 0 || size > ingest.MaxBody {
				size = ingest.MaxBody
			}
			if !room.TryAcquire(size) {
				return fault.Later(2*time.Second, "too many large requests come at once")
			}
			defer room.Release(size)
			return next(c)
		}
	}
}

// answerErrors answers errors while there is still a compressor: whoever takes
// compressed answers got none from outside of it.
func answerErrors(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if err != nil {
			c.Error(err)
		}
		return err
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

func requestLog(logger *slog.Logger) middleware.RequestLoggerConfig {
	return middleware.RequestLoggerConfig{
		LogStatus: true, LogMethod: true, LogURIPath: true, LogLatency: true, LogRequestID: true, LogError: true, HandleError: true,
		LogValuesFunc: func(c echo.Context, v middleware.RequestLoggerValues) error {
			level := slog.LevelDebug
			if v.Status >= http.StatusInternalServerError {
				level = slog.LevelWarn
			}
			attrs := []slog.Attr{
				slog.String("method", v.Method), slog.String("path", v.URIPath), slog.Int("status", v.Status),
				slog.Duration("took", v.Latency), slog.String("request", v.RequestID),
			}
			if v.Error != nil && level == slog.LevelWarn {
				attrs = append(attrs, slog.Any("error", v.Error))
			}
			logger.LogAttrs(c.Request().Context(), level, "request", attrs...)
			return nil
		},
	}
}

// guard stands in for sign-in until that exists: it keeps other sites' pages
// from reading or changing anything through a visitor's browser.
type guard struct {
	token string
	hosts []string // names that the portal answers to, besides those of this machine; nil = any
}

// newGuard lets a portal on a loopback address answer to that and to the name in
// its configured URL; one that others reach directly answers to any name.
func newGuard(c config.Server, address net.Addr, token string) guard {
	g := guard{token: token}
	if !config.IsLoopback(hostname(address.String())) {
		return g
	}
	g.hosts = []string{"localhost"}
	if u, err := url.Parse(c.URL); err == nil && u.Hostname() != "" {
		g.hosts = append(g.hosts, strings.ToLower(u.Hostname()))
	}
	return g
}

func (g guard) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if isHook(c) { // signed by its sender
			return next(c)
		}
		// A page elsewhere can point a name of its own at a loopback address
		// and would then be of the same origin: only known names are answered.
		if host := hostname(r.Host); g.hosts != nil && !config.IsLoopback(host) && !slices.Contains(g.hosts, host) {
			return fault.New(fault.Denied, "this portal does not answer to the name %q; set server.url to how it is reached", host)
		}
		switch r.Method {
		case http.MethodGet, http.MethodHead, http.MethodOptions:
			return next(c)
		}
		if isQuestion(r) {
			return next(c)
		}
		if !g.hasToken(r) && !sameOrigin(r) {
			return fault.New(fault.Denied, "a request that changes something must come from a page of this portal, or carry a token: see callboard token --help")
		}
		return next(c)
	}
}

// isQuestion reports whether a POST only asks: what is asked for is too long for an
// address. Another site's page can send it and cannot read the answer.
func isQuestion(r *http.Request) bool {
	if at := r.URL.Path; at == "/api/check" || strings.HasPrefix(at, "/api/scorecards/") && strings.HasSuffix(at, "/backtest") {
		return r.Method == http.MethodPost
	}
	switch strings.TrimPrefix(r.URL.Path, "/api/catalog/") {
	case "entities/by-refs", "entities/by-query", "entity-facets", "locations/by-query", "analyze-location", "validate-entity":
		return r.Method == http.MethodPost
	default:
		return false
	}
}

func (g guard) hasToken(r *http.Request) bool {
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare([]byte(given), []byte(g.token)) == 1
}

// sameOrigin trusts what browsers say of a request and pages cannot forge.
func sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site == "same-origin"
	}
	origin, err := url.Parse(r.Header.Get("Origin"))
	return err == nil && origin.Host != "" && origin.Host == r.Host
}

func hostname(hostport string) string {
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		return strings.ToLower(h)
	}
	return strings.ToLower(strings.Trim(hostport, "[]"))
}

// listen opens the address that the portal is served on.
func listen(ctx context.Context, address string, insecure bool) (net.Listener, error) {
	if err := config.Listenable(address, insecure); err != nil {
		if _, _, malformed := net.SplitHostPort(address); malformed != nil { // which only a flag can be by now
			return nil, usageError{error: err}
		}
		return nil, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) { // which names the address again
			err = op.Err
		}
		return nil, fault.New(fault.Unavailable, "listen on %s: %w; choose another address with --listen", address, err)
	}
	return l, nil
}

// serveHTTP serves until ctx ends, then lets running requests finish.
//
// Closing is called when that begins: for answers that last for as long as they are read.
func serveHTTP(ctx context.Context, handler http.Handler, l net.Listener, logger *slog.Logger, closing func()) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	server.RegisterOnShutdown(closing)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := server.Shutdown(drain); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// isMachine reports whether an error is to be answered as JSON: outside the pages,
// or to a client that asks for no HTML.
func isMachine(r *http.Request) bool {
	for _, prefix := range []string{"/api/", "/hooks/", "/healthz", "/readyz", "/metrics"} {
		if strings.HasPrefix(r.URL.Path, prefix) {
			return true
		}
	}
	return !strings.Contains(r.Header.Get("Accept"), "text/html")
}
