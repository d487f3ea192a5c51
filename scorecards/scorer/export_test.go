package scorer

import "reflect"

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
