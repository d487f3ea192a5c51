package clickhousestore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/callboard/callboard/internal/fault"
)

// defaultDatabase is used if an address names none.
const defaultDatabase = "callboard"

// Parse reads the address of a database: http://user:password@host:8123/database,
// https:// likewise, or clickhouse:// for the native protocol, which listens at port
// 9000. Further options are those of clickhouse-go. Errors are of kind fault.Invalid,
// and show no password.
func Parse(address string) (*clickhouse.Options, error) {
	u, err := url.Parse(address)
	if err != nil { // which it quotes
		return nil, fault.New(fault.Invalid, "this is no URL; characters of a password such as / ? # %% are to be written as %%2F %%3F %%23 %%25")
	}
	port := ""
	switch u.Scheme {
	case "http":
		port = "8123"
	case "https":
		port = "8443"
		q := u.Query()
		q.Set("secure", "true")
		u.RawQuery = q.Encode()
	case "clickhouse":
		port = "9000"
	default:
		return nil, fault.New(fault.Invalid, "a history is kept at http://, https:// or clickhouse://, not at %q", u.Scheme+"://")
	}
	if u.Hostname() == "" {
		return nil, fault.New(fault.Invalid, "the URL names no host")
	}
	hosts := strings.Split(u.Host, ",")
	for i, host := range hosts {
		if _, _, err := net.SplitHostPort(host); err != nil {
			hosts[i] = host + ":" + port
		}
	}
	u.Host = strings.Join(hosts, ",")
	o, err := clickhouse.ParseDSN(u.String())
	if err != nil {
		return nil, fault.New(fault.Invalid, "%w", err)
	}
	if o.Auth.Database == "" {
		o.Auth.Database = defaultDatabase
	}
	if o.Compression == nil {
		o.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	}
	if o.DialTimeout == 0 {
		o.DialTimeout = 5 * time.Second
	}
	if o.ReadTimeout == 0 {
		o.ReadTimeout = time.Minute
	}
	o.Settings["async_insert"] = 0          // what is written has to be there
	o.Settings["max_query_size"] = 16 << 20 // a query names up to 20,000 entities
	return o, nil
}

// explain says of an error what a user can know, and for the log all else.
func (s *Store) explain(err error) error {
	if err == nil {
		return nil
	}
	at := strings.Join(s.options.Addr, ",")
	var refused *clickhouse.Exception
	if errors.As(err, &refused) {
		switch refused.Code {
		case 81, 192, 193, 194, 497, 516: // the database, the user or its rights
			return fmt.Errorf("%w: ClickHouse at %s refuses us, see history.url: %w", unavailable(), at, err)
		case 159, 202, 209, 210, 241, 242, 252, 319, 999: // it is overloaded, read-only or loses its replicas
			return fmt.Errorf("%w: ClickHouse at %s: %w", unavailable(), at, err)
		}
		return fmt.Errorf("ask ClickHouse at %s: %w", at, err)
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	var asked *url.Error
	if errors.As(err, &asked) { // that repeats the query
		err = asked.Err
	}
	return fmt.Errorf("%w: ClickHouse at %s cannot be reached; check that it runs, and history.url: %w", unavailable(), at, err)
}

func unavailable() error {
	return fault.New(fault.Unavailable, "the history cannot be read now, since its database does not answer; the portal tries again all the time")
}

// isException reports whether the server has answered, with an error.
func isException(err error) bool {
	var e *clickhouse.Exception
	return errors.As(err, &e)
}
