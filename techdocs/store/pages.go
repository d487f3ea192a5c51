package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"log/slog"
	"sync"

	"github.com/callboard/callboard/techdocs"
)

// pageMemory is how much of rendered pages is kept in memory, in bytes. When it
// is full it starts anew.
const pageMemory = 32 << 20

// pages are rendered pages, in memory and in the file.
type pages struct {
	db     *sql.DB
	logger *slog.Logger

	mu   sync.Mutex
	all  map[string]*techdocs.Content
	size int
}

// Pages are the rendered pages of the store. One that cannot be kept or read is
// rendered again when it is asked for.
func (s *Store) Pages() techdocs.Cache { return s.pages }

// Get implements [techdocs.Cache].
func (p *pages) Get(key string) (*techdocs.Content, bool) {
	p.mu.Lock()
	c, ok := p.all[key]
	p.mu.Unlock()
	if ok {
		return c, true
	}
	var text []byte
	if err := p.db.QueryRowContext(context.Background(), "SELECT content FROM pages WHERE key = ?", key).Scan(&text); err != nil {
		return nil, false
	}
	c = &techdocs.Content{}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, false
	}
	p.remember(key, c)
	return c, true
}

// Put implements [techdocs.Cache].
func (p *pages) Put(key string, c *techdocs.Content) {
	text, err := json.Marshal(c)
	if err == nil {
		_, err = p.db.ExecContext(context.Background(), "INSERT INTO pages (key, content) VALUES (?, ?) ON CONFLICT DO NOTHING", key, text)
	}
	if err != nil {
		p.logger.Warn("a page of documentation cannot be kept", "error", err)
	}
	p.remember(key, c)
}

func (p *pages) remember(key string, c *techdocs.Content) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.all[key]; ok {
		return
	}
	if p.size += c.Bytes(); p.size > pageMemory || p.all == nil {
		p.all, p.size = map[string]*techdocs.Content{}, c.Bytes()
	}
	p.all[key] = c
}
