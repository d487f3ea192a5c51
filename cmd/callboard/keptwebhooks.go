package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"sync"

	"github.com/callboard/callboard/internal/config"
)

// keptWebhooks are the webhooks that the portal makes at forges, as they outlast it: one
// that was being made when it ended is gone on with. There is no secret among them.
type keptWebhooks struct {
	path string

	mu  sync.Mutex
	all map[string]keptWebhook // by source
}

type keptWebhook struct {
	URL  string `json:"url,omitempty"` // where it sends to, if not to where the portal is reached
	Made bool   `json:"made"`
}

// readWebhooks reads what was kept; no file is none.
func readWebhooks(path string) (*keptWebhooks, error) {
	k := &keptWebhooks{path: path, all: map[string]keptWebhook{}}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &k.all)
	}
	if err != nil {
		return nil, fmt.Errorf("read which webhooks the portal makes (it may be deleted: %s): %w", path, err)
	}
	return k, nil
}

// get returns what is kept of the webhook of a source.
func (k *keptWebhooks) get(source string) (keptWebhook, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	w, ok := k.all[source]
	return w, ok
}

// unmade are those that were asked for and are not made.
func (k *keptWebhooks) unmade() map[string]keptWebhook {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := maps.Clone(k.all)
	maps.DeleteFunc(all, func(_ string, w keptWebhook) bool { return w.Made })
	return all
}

// change keeps something else from now on.
func (k *keptWebhooks) change(change func(all map[string]keptWebhook)) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	next := maps.Clone(k.all)
	change(next)
	if maps.Equal(next, k.all) {
		return nil
	}
	b, err := json.MarshalIndent(next, "", "  ")
	if err == nil {
		err = config.Keep(k.path, append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keep which webhooks the portal makes: %w", err)
	}
	k.all = next
	return nil
}
