"""The hand-written tools: what they are called, what they take, how people ask for them, and what they return.

Parameters: `name:kind` (a kind of tool_values), `name:enum(a/b)` or `name:bool(said when true/said when false)`; a `?`
marks one that may be left out, with the [part] of the wording that holds it. Results: fields, `*` for a list; or "".
"""
GET = "get/find/show/check/read/fetch"
SET = "set/change/adjust/update"
MAKE = "make/create/add/new"

# (verbs, noun, description, parameters, wordings, fields of the result)
TOOLS = [
    (GET, "weather", "Get the weather in a city.", "city:city day:day?",
     "What is the weather in {city}[ on {day}]?|How is the weather in {city}[ on {day}]?|"
     "Tell me the weather in {city}[ on {day}].|"
     "Is it raining in {city}[ on {day}]?", "temperature:degrees sky:sky"),
    (SET + "/start", "timer", "Start a timer.", "minutes:minutes label:label?",
     "Set a timer for {minutes} minutes[ called {label}].|Start a timer of {minutes} minutes[ called {label}].|"
     "I need a timer for {minutes} minutes[ with the name {label}].", ""),
    (SET, "alarm", "Set an alarm.", "time:time day:day?",
     "Set an alarm for {time}[ on {day}].|Wake me at {time}[ on {day}].|I need an alarm at {time}[ on {day}].", ""),
    (MAKE + "/save", "note", "Write down a note.", "text:message",
     "Make a note: {text}.|Write a note that says {text}.|Note that {text}.", ""),
    ("switch/set/turn", "lamp", "Switch the lamp in a room on or off.", "room:room on:bool(on/off)",
     "Turn {on} the lamp in the {room}.|Switch the lamp in the {room} {on}.|Turn the lamp in the {room} {on}.", ""),
    (SET + "/dim", "brightness", "Set how bright a room is, in percent.", "room:room level:level",
     "Set the brightness in the {room} to {level} percent.|Make the brightness in the {room} {level} percent.", ""),
    ("lock/secure/close", "door", "Lock a door.", "room:room",
     "Lock the door of the {room}.|Please lock the {room} door.|Can you lock the door of the {room}?", ""),
    ("play/start", "music", "Play a song.", "song:song volume:level?",
     "Play {song}[ at volume {volume}].|I want to hear {song}[ at volume {volume}].|"
     "Play the song {song}[ at volume {volume}].", ""),
    ("search/find/look_in", "library", "Search the library for a book.", "title:title",
     "Is the book {title} in the library?|Search the library for {title}.|Look for the book {title} in the library.",
     "shelf:code state:state"),
    ("send/write/post", "letter", "Send a letter to a person.", "person:person text:message",
     "Send a letter to {person}: {text}.|Write a letter to {person} that says {text}.|"
     "Send {person} a letter: {text}.", ""),
    ("convert/change", "length", "Convert a length into another unit.",
     "value:number unit:enum(metres/feet/inches/miles)",
     "Convert {value} to {unit}.|Convert the length {value} into {unit}.|How much is {value} in {unit}?",
     "length:number"),
    ("buy/order", "item", "Buy something in the shop.", "item:item count:count?",
     "Buy {item} in the shop[, {count} of them].|Go and buy {item}[, {count} of them].", "price:number"),
    ("book/reserve", "table", "Book a table for dinner.", "people:count time:time day:day?",
     "Book a table for {people} at {time}[ on {day}].|Reserve a table at {time} for {people} people[ on {day}].|"
     "I need a table for {people} people at {time}[ on {day}].", "table:count"),
    ("add/put/append", "shopping_list", "Add an item to the shopping list.", "item:item",
     "Add {item} to the shopping list.|Put {item} on my shopping list.|Please put {item} on the shopping list.", ""),
    ("remove/delete/drop", "shopping_item", "Remove an item from the shopping list.", "item:item",
     "Remove {item} from the shopping list.|Take {item} off my shopping list.|"
     "Delete {item} from the shopping list.", ""),
    ("calculate/compute", "product", "Multiply two numbers.", "first:number second:number",
     "Multiply {first} by {second}.|What is {first} times {second}?|Calculate {first} times {second}.",
     "product:number"),
    ("translate", "word", "Translate a word into another language.", "word:word language:language",
     "Translate {word} into {language}.|How do you say {word} in {language}?|What is {word} in {language}?",
     "translation:word"),
    (GET + "/locate", "place", "Find a place near a city.", "what:enum(bank/museum/bakery/park/station) city:city",
     "Find a {what} in {city}.|Where is a {what} in {city}?|Is there a {what} in {city}?", "street:label number:count"),
    (GET, "time", "Tell the local time in a city.", "city:city",
     "What time is it in {city}?|Tell me the time in {city}.|What is the local time in {city}?", "time:time"),
    (MAKE + "/set", "reminder", "Remind the user of a task.", "task:task time:time",
     "Remind me to {task} at {time}.|At {time}, remind me to {task}.|Make a reminder at {time} to {task}.", ""),
    (MAKE, "event", "Add an event to the calendar.", "title:label day:day time:time?",
     "Add {title} to my calendar on {day}[ at {time}].|Put {title} in the calendar for {day}[ at {time}].", ""),
    (GET, "calendar", "Read the calendar of a day.", "day:day",
     "What is in my calendar on {day}?|Read my calendar for {day}.|Show me the calendar of {day}.", "events:label*"),
    ("call/phone/ring", "person", "Call a person on the telephone.", "person:person",
     "Call {person}.|Please phone {person}.|I want to talk to {person} on the phone.", ""),
    (SET, "heating", "Set the temperature of a room in degrees.", "room:room degrees:degrees",
     "Set the heating in the {room} to {degrees} degrees.|Heat the {room} to {degrees} degrees.|"
     "Make it {degrees} degrees in the {room}.", ""),
    (GET, "train", "Find the next train between two cities.", "start:city end:city day:day?",
     "When is the next train from {start} to {end}[ on {day}]?|Find a train from {start} to {end}[ on {day}].|"
     "Is there a train from {start} to {end}[ on {day}]?", "departure:time platform:count"),
    ("buy/order/reserve", "ticket", "Buy train tickets to a city.", "city:city count:count class:enum(first/second)?",
     "Buy {count} tickets to {city}[ in {class} class].|I need {count} tickets to {city}[ in {class} class].|"
     "Get me {count} train tickets to {city}[ in {class} class].", "price:number seat:code"),
    (GET, "distance", "Give the distance between two cities.", "start:city end:city",
     "How far is it from {start} to {end}?|What is the distance from {start} to {end}?|"
     "Give me the distance between {start} and {end}.", "distance:count"),
    ("order/bring/request", "meal", "Order a meal.", "food:food count:count? salt:bool(with salt/without salt)?",
     "Order {food} for dinner[ for {count} people][, {salt}].|I want to eat {food}[ for {count} people][, {salt}].|"
     "Bring me {food}[ for {count} people][, {salt}].", "wait:minutes"),
    (GET, "recipe", "Find a recipe for a dish.", "food:food people:count?",
     "Find a recipe for {food}[ for {people} people].|How do I cook {food}[ for {people} people]?|"
     "Give me a recipe for {food}[ for {people} people].", "ingredients:food*"),
    ("feed", "animal", "Give food to an animal.", "animal:animal food:food?",
     "Feed the {animal}[ some {food}].|Give food to the {animal}[: {food}].", ""),
    ("water", "plants", "Water the plants in a room.", "room:room minutes:minutes?",
     "Water the plants in the {room}[ for {minutes} minutes].|"
     "The plants in the {room} need water[ for {minutes} minutes].", ""),
    (GET + "/track", "parcel", "Say where a parcel is.", "code:code",
     "Where is my parcel {code}?|Track the parcel {code}.|Find parcel {code}.", "city:city state:state"),
    ("pay", "bill", "Pay a bill.", "code:code amount:number",
     "Pay bill {code}: {amount}.|Pay {amount} for the bill {code}.|Please pay the bill {code}, it is {amount}.", ""),
    (GET, "price", "Tell the price of a product.", "item:item",
     "What is the price of {item}?|Tell me the price of {item}.", "price:number"),
    (GET, "stock", "Count how many of a product are left in the store.", "item:item",
     "How many {item} are left in the store?|How many {item} are in stock?", "stock:count"),
    ("rate", "book", "Rate a book with stars.", "title:title stars:enum(1/2/3/4/5)",
     "Give {title} {stars} stars.|Rate the book {title} with {stars} stars.|"
     "I give the book {title} {stars} stars.", ""),
    ("borrow/lend", "book", "Borrow a book.", "title:title days:count?",
     "I want to borrow {title}[ for {days} days].|Borrow the book {title}[ for {days} days].|"
     "Lend me {title}[ for {days} days].", ""),
    ("repair/fix", "device", "Ask for the repair of a machine.", "device:device room:room?",
     "The {device}[ in the {room}] is broken, get it repaired.|Repair the {device}[ in the {room}].|"
     "Please have the {device}[ in the {room}] repaired.", "day:day"),
    ("clean/vacuum", "room", "Send the cleaning robot to a room.", "room:room strong:bool(strongly/gently)?",
     "Clean the {room}[ {strong}].|Send the cleaning robot to the {room}.|Please clean the {room}[ {strong}].", ""),
    ("open/raise", "window", "Open the window of a room.", "room:room percent:level?",
     "Open the window in the {room}[ to {percent} percent].|"
     "Can you open the {room} window[ to {percent} percent]?", ""),
    (GET, "birthday", "Look up a person's birthday.", "person:person",
     "When is the birthday of {person}?|When was {person} born?|Look up the birthday of {person}.",
     "month:month day:count"),
    ("save/store/add", "contact", "Save the telephone number of a person.", "person:person number:count",
     "Save {person} with the number {number}.|The phone number of {person} is {number}, save it.|"
     "Store the number {number} for {person}.", ""),
    ("invite", "guest", "Invite a person to the party.", "person:person day:day?",
     "Invite {person} to the party[ on {day}].|Please invite {person} to my party[ on {day}].", ""),
    ("take/make", "photo", "Take a photo of a thing.", "thing:thing colour:bool(in colour/in black and white)?",
     "Take a photo of the {thing}[ {colour}].|Make a photo of the {thing}[ {colour}].", "photo:code"),
    ("draw/paint/sketch", "picture", "Draw a picture of a thing.", "thing:thing colour:colour?",
     "Draw a {thing}[ in {colour}].|Draw a picture of a {thing}[ in {colour}].|"
     "Make a picture of a {thing}[ in {colour}].",
     "picture:code"),
    ("ring/sound", "bell", "Ring the village bell.", "times:count",
     "Ring the bell {times} times.|Please ring the village bell {times} times.|Let the bell ring {times} times.", ""),
    ("rent/hire", "boat", "Rent a boat.", "hours:count name:label?",
     "Rent a boat for {hours} hours[, the {name}].|I need a boat for {hours} hours[, the {name}].",
     "price:number boat:label"),
    ("report", "problem", "Report something that is broken.", "thing:thing place:room?",
     "Report that the {thing}[ in the {place}] is broken.|"
     "The {thing}[ in the {place}] is broken, report it.", "case:code"),
    ("roll/throw", "dice", "Roll dice and return the sum.", "count:count sides:count?",
     "Roll {count} dice[ with {sides} sides].|Throw {count} dice[ with {sides} sides].", "sum:count"),
    ("measure/weigh", "weight", "Weigh a thing on the scales.", "thing:thing unit:enum(grams/pounds)?",
     "Weigh the {thing}[ in {unit}].|How heavy is the {thing}[ in {unit}]?|"
     "What is the weight of the {thing}[ in {unit}]?",
     "weight:count"),
    (SET, "speed", "Set the speed of a machine.", "device:device speed:enum(slow/medium/fast)",
     "Set the {device} to {speed}.|Make the {device} run at speed {speed}.|"
     "Change the speed of the {device} to {speed}.", ""),
    ("hide/bury", "treasure", "Hide a thing in a room.", "thing:thing room:room",
     "Hide the {thing} in the {room}.|Please hide a {thing} in the {room}.", ""),
    ("move/carry/bring", "thing", "Move a thing from one room to another.", "thing:thing start:room end:room",
     "Move the {thing} from the {start} to the {end}.|Carry the {thing} from the {start} to the {end}.", ""),
    ("print", "page", "Print a document.", "title:title copies:count? colour:bool(in colour/in black and white)?",
     "Print {title}[, {copies} copies][, {colour}].|Please print {title}[, {copies} copies][, {colour}].", "job:code"),
    ("mix", "paint", "Mix two colours of paint.", "first:colour second:colour",
     "Mix {first} and {second} paint.|Mix {first} paint with {second}.", "colour:colour"),
    ("plant/sow", "seeds", "Plant seeds in the garden.", "kind:food count:count",
     "Plant {count} seeds of {kind}.|Sow {count} seeds of {kind} in the garden.", "row:count"),
    ("vote", "captain", "Vote for a person.", "person:person",
     "I vote for {person}.|Give my vote to {person}.|Vote for {person}.", "count:count"),
    ("sing/hum", "song", "Sing a song.", "song:song verses:count?",
     "Sing {song}[, {verses} verses].|Please sing the song {song}[, {verses} verses].", ""),
    ("knock/visit", "house", "Visit a person at home.", "person:person time:time",
     "Visit {person} at {time}.|Go to the house of {person} at {time}.", "answer:state"),
    (GET, "tide", "Tell when the tide is high at a harbour.", "city:city day:day",
     "When is high tide in {city} on {day}?|Tell me the tide in {city} on {day}.", "time:time height:number"),
    ("stop/end/pause", "song", "Stop the music.", "",
     "Stop the music.|Please stop the music.|No more music, please.", ""),
    (GET, "shopping_list", "Read the shopping list.", "",
     "What is on my shopping list?|Read my shopping list.|Show me the shopping list.", "items:item*"),
    ("draw/pick/get", "random_number", "Pick a random number.", "",
     "Give me a random number.|Pick a random number.|I need a random number.", "number:count"),
    (GET, "mail", "Count the new letters in the mailbox.", "",
     "Do I have new letters?|Is there any mail for me?|Look into my mailbox.", "count:count"),
    ("open/unlock", "gate", "Open the village gate.", "",
     "Open the village gate.|Please let the gate open.|Unlock the gate.", ""),
]
HELD_OUT = {"alarm", "parcel", "heating", "calendar", "contact", "seeds", "boat", "recipe", "door", "mail"}  # nouns
# nouns of what the assistant also answers without a tool
NEAR_TALK = {"product", "library", "distance", "word", "length", "dice", "birthday", "paint", "shopping_list",
             "shopping_item", "random_number"}
