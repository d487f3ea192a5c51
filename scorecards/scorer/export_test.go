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

// Limit has backtests that begin from now on take no longer.
func (t *Trials) Limit(d time.Duration) { t.longest = d }
