package scorer

import (
	"reflect"
	"time"
)

// SharedByFork lists the maps that a world has in common with a copy of it.
func SharedByFork(w *World) (names []string) {
	a, b := reflect.ValueOf(w).Elem(), reflect.ValueOf(w.fork()).Elem()
	for i := range a.NumField() {
		if f := a.Field(i); f.Kind() == reflect.Map && (f.IsNil() || f.Pointer() == b.Field(i).Pointer()) {
			names = append(names, a.Type().Field(i).Name)
		}
	}
	return names
}

// KeepMoves has them name so many entities at most, all in all.
func (t *Trials) KeepMoves(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.moves = n
}

// Limit has backtests that begin from now on take no longer.
func (t *Trials) Limit(d time.Duration) { t.longest = d }
