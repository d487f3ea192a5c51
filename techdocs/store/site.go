package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/techdocs"
)

// What is kept in memory of sites that were read.
const (
	maxSites = 32
	maxBytes = 64 << 20 // of their pages, unless one alone has more
)

// Published makes the site that was published. Nothing of it may be written to.
func (s *Store) Published(ctx context.Context, p event.DocsPublished) (*techdocs.Site, error) {
	files := make([]techdocs.File, 0, len(p.Pages)+len(p.Files)+len(p.Linked))
	for _, page := range p.Pages {
		files = append(files, techdocs.File{Path: page.Source, Blob: page.Blob})
	}
	for _, f := range p.Files {
		files = append(files, techdocs.File{Path: f.Path, Blob: f.Blob})
	}
	for _, file := range p.Linked {
		files = append(files, techdocs.File{Path: file})
	}
	return s.Site(ctx, p.Site, files)
}

// Site makes the site of files whose contents are here. Files without a blob are known
// to be there, and no more. Nothing of the site may be written to.
func (s *Store) Site(ctx context.Context, name string, files []techdocs.File) (*techdocs.Site, error) {
	key := keyOf(name, files)
	if site := s.sites.get(key); site != nil {
		return site, nil
	}
	blobs := make(map[string]string, len(files))
	for _, f := range files {
		blobs[f.Path] = f.Blob
	}
	site, err := techdocs.Read(ctx, techdocs.Tree{Files: files, Read: func(ctx context.Context, path string) ([]byte, error) {
		if blobs[path] == "" {
			return nil, fault.New(fault.NotFound, "%s is not kept", path)
		}
		return s.Blob(ctx, blobs[path])
	}}, techdocs.Options{Name: name, Cache: s.Pages()})
	if err == nil {
		s.sites.put(key, site)
	}
	return site, err
}

func keyOf(name string, files []techdocs.File) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", name)
	for _, f := range files {
		fmt.Fprintf(h, "%q %q\n", f.Path, f.Blob)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// sites are those that were read last.
type sites struct {
	mu  sync.Mutex
	all []kept // the one asked for last at the end
}

type kept struct {
	key  string
	site *techdocs.Site
	size int
}

func (s *sites) get(key string) *techdocs.Site {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.all, func(k kept) bool { return k.key == key })
	if i < 0 {
		return nil
	}
	one := s.all[i]
	s.all = append(slices.Delete(s.all, i, i+1), one)
	return one.site
}

func (s *sites) put(key string, site *techdocs.Site) {
	one := kept{key: key, site: site}
	for _, p := range site.Pages {
		one.size += p.Content.Bytes()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = slices.DeleteFunc(s.all, func(k kept) bool { return k.key == key })
	s.all = append(s.all, one)
	size := 0
	for _, k := range s.all {
		size += k.size
	}
	for len(s.all) > 1 && (len(s.all) > maxSites || size > maxBytes) {
		size -= s.all[0].size
		s.all = s.all[1:]
	}
}
