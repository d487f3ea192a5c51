package event

// LocationRegistered says that descriptors are read from a place from now on;
// or, with the ID of a location that is there already, that it is another place.
type LocationRegistered struct {
	ID     string `json:"id"`     // UUID, the same for as long as the location is there
	Type   string `json:"type"`   // "url" or "file"
	Target string `json:"target"` // the URL, or the absolute path
	// EntityRef is the Location entity that stands for it in the catalog.
	EntityRef string `json:"entityRef"`
	// Configured locations stand in the configuration: nobody registered them,
	// and nobody but the configuration takes them away.
	Configured bool `json:"configured,omitempty"`
}

// LocationRemoved says that descriptors are not read from a place any more.
type LocationRemoved struct {
	ID     string `json:"id"`
	Type   string `json:"type"`
	Target string `json:"target"`
	Reason string `json:"reason"` // for people
}

// EventType returns the fixed name.
func (LocationRegistered) EventType() Type { return TypeLocationRegistered }

// EventType returns the fixed name.
func (LocationRemoved) EventType() Type { return TypeLocationRemoved }
