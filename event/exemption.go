package event

// Exemption is an exemption as it stands when something becomes of it.
type Exemption struct {
	Ref         string   `json:"exemption"`             // full ref
	Card        string   `json:"card"`                  // full ref of the scorecard
	Entity      string   `json:"entity"`                // full ref of who need not keep the rules
	Rules       []string `json:"rules,omitempty"`       // ids; none: all of the card
	Reason      string   `json:"reason"`                // why it was asked for
	From        string   `json:"from,omitempty"`        // first day; empty: at once
	Until       string   `json:"until,omitempty"`       // last day, in UTC; empty: it does not end
	RequestedBy string   `json:"requestedBy,omitempty"` // full ref, or a name
	DecidedBy   string   `json:"decidedBy,omitempty"`   // likewise
	Note        string   `json:"note,omitempty"`        // why it was decided so
}

// ExemptionRequested says that somebody asks for an exemption.
type ExemptionRequested struct{ Exemption }

// ExemptionGranted says that an exemption was granted, or granted in another way than before.
type ExemptionGranted struct{ Exemption }

// ExemptionDenied says that an exemption that was asked for was denied.
type ExemptionDenied struct{ Exemption }

// ExemptionRevoked says that an exemption was taken back, or is not declared any more.
type ExemptionRevoked struct{ Exemption }

// ExemptionExpired says that the last day of an exemption is over.
type ExemptionExpired struct{ Exemption }

// EventType returns the fixed name.
func (ExemptionRequested) EventType() Type { return TypeExemptionRequested }

// EventType returns the fixed name.
func (ExemptionGranted) EventType() Type { return TypeExemptionGranted }

// EventType returns the fixed name.
func (ExemptionDenied) EventType() Type { return TypeExemptionDenied }

// EventType returns the fixed name.
func (ExemptionRevoked) EventType() Type { return TypeExemptionRevoked }

// EventType returns the fixed name.
func (ExemptionExpired) EventType() Type { return TypeExemptionExpired }
